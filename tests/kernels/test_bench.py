"""The benchmark's truth is true, and its command runs."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from typer.testing import CliRunner

from kernels.__main__ import app
from kernels.bench_fields import MOVING, Pair, compressed, cut_field, faces, pairs, portrait, smooth_field
from kernels.bench_flow import milliseconds_side_by_side, score
from kernels.bench_rigid import scores


def test_fields_are_what_they_say():
    random = np.random.default_rng(0)
    for _ in range(5):
        length = np.linalg.norm(smooth_field(random, 2.0), axis=2)
        assert length.max() == pytest.approx(2.0, abs=1e-4)
        assert 0.05 < (length > MOVING).mean() < 0.7
        cut = np.linalg.norm(cut_field(random, 2.0), axis=2)
        assert (cut == 0).mean() > 0.2
        steepest = max(np.abs(np.diff(cut, axis=axis)).max() for axis in (0, 1))
        assert steepest > 0.2


def test_pairs_repeat_and_hold_their_truth():
    face = portrait()
    one, again = (next(pairs([face], 1)) for _ in range(2))
    np.testing.assert_array_equal(one.before, again.before)
    assert one.after.astype(np.float32) - face == pytest.approx(np.zeros_like(face), abs=12)
    assert score("truth", lambda *_: one.truth, [one])[1:] == (0.0, 0.0)
    nothing = score("zero", lambda *_: np.zeros_like(one.truth), [one])
    assert nothing.moving > MOVING


def test_compression_keeps_the_frames_in_order():
    pair = next(pairs([portrait()], 1))
    pair = Pair(pair.before, np.roll(pair.after, 20, axis=0), pair.truth)
    coded = compressed(pair)
    for mine, theirs in ((pair.before, coded.before), (pair.after, coded.after)):
        assert np.abs(mine.astype(int) - theirs).mean() < 8


def test_faces_of_a_folder(shared_data):
    found = faces(shared_data / "clips")
    assert len(found.tuned) >= 2 and len(found.held_out) >= 2
    assert all(face.shape == (224, 224) for part in found for face in part)
    assert not any(np.array_equal(a, b) for a in found.tuned for b in found.held_out)


def test_spline_pairs_hold_the_same_truth():
    by_opencv, by_splines = (next(pairs([portrait()], 1, splines=splines)) for splines in (False, True))
    np.testing.assert_array_equal(by_opencv.truth, by_splines.truth)
    assert np.abs(by_opencv.before.astype(int) - by_splines.before).mean() < 3


def test_two_pairs_at_once_are_timed():
    both = threading.Barrier(2)

    def meets(*_):
        return both.wait(timeout=30)  # raises unless the other thread works at the same time

    assert milliseconds_side_by_side((meets, meets), list(pairs([portrait()], 1))) > 0


def test_rigid_table():
    table = {row.method: row for row in scores(4)}
    exact, lost = table["rigid, true flow"], table["affine, least squares, true flow"]
    assert exact.left < 0.02 and exact.worst < 0.05
    assert lost.left > 5 * exact.left


@pytest.mark.slow
def test_the_command(tmp_path):
    file = tmp_path / "bench.json"
    done = CliRunner().invoke(app, ["bench", "--pairs", "2", "--json", str(file)])
    assert done.exit_code == 0, done.output
    figures = json.loads(file.read_text())
    assert {"DIS medium", "Glimpse precise", "Glimpse tracking"} <= set(figures["accuracy"]["smooth fields"])
    assert "Glimpse precise" in done.output


def test_a_folder_that_is_not_there():
    done = CliRunner().invoke(app, ["bench", "--stills", "/nowhere"])
    assert done.exit_code == 2 and "not a folder" in done.output
