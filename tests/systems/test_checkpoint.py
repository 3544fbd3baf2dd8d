"""What goes with a trained file: inputs that prove it and show nobody."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from models.protocol.samples import Inputs
from models.systems.checkpoint import scrambled_inputs


def test_the_test_vector_has_the_values_of_real_inputs_and_no_picture_of_them():
    faces = np.arange(4 * 3 * 16 * 16, dtype=np.float32).reshape(4, 3, 16, 16)
    view = SimpleNamespace(read=lambda inputs: [inputs["faces"]])
    made = SimpleNamespace(view=view, inputs=[SimpleNamespace(name="faces")])
    inputs = Inputs(np.array(list("abcd")), {"faces": faces})
    mixed = scrambled_inputs(made, inputs, 6)["faces"].numpy()
    assert mixed.shape == (6, 3, 16, 16) and mixed.dtype == np.float32
    assert set(mixed.ravel()) <= set(faces.ravel())
    for picture in mixed:
        assert max(abs(np.corrcoef(picture.ravel(), face.ravel())[0, 1]) for face in faces) < 0.2
    np.testing.assert_array_equal(mixed, scrambled_inputs(made, inputs, 6)["faces"].numpy())
