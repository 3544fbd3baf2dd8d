"""A small invented data set whose classes can be told apart."""

import numpy as np
import pytest

from models.protocol.samples import Inputs, Samples


def make_samples(subjects=6, events=6, seed=3):
    random = np.random.default_rng(seed)
    count = subjects * events
    label = np.arange(count) % 3
    flow = random.normal(128, 12, (count, 28, 28, 3))
    places = {0: (5, 4), 1: (20, 20), 2: (2, 20)}
    for row, one in enumerate(label):
        y, x = places[int(one)]
        flow[row, y : y + 6, x : x + 6, 1] += 90 * (-1) ** int(one == 2)
    flow[..., 2] = np.abs(flow[..., 2] - 128)
    subject = np.array([f"lab/{row // events:02d}" for row in range(count)])
    name = np.array([f"event{row:03d}" for row in range(count)])
    dataset = np.where(np.arange(count) < count // 2, "one", "two")
    arrays = {
        "flow": np.clip(flow, 0, 255).astype(np.uint8),
        "landmarks": random.uniform(0, 1, (count, 468, 3)).astype(np.float32),
    }
    return Samples(Inputs(name, arrays), label, subject, dataset)


@pytest.fixture
def samples():
    return make_samples()


@pytest.fixture
def archive(samples, tmp_path):
    """The same as a file."""
    file = tmp_path / "flows.npz"
    columns = {"name": samples.inputs.name, "subject": samples.subject, "dataset": samples.dataset}
    np.savez(file, **samples.inputs.arrays, **columns, label=samples.label)
    return file
