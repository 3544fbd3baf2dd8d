"""What a system gets live is what it would get from a prepared clip; networks that cannot be served are refused."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import pytest

from engine.classifier import ModelError, Provenance, Verdicts
from engine.schema import InputSpec, Schema, checked_batch
from kernels.expression_cloud import ExpressionCloud
from models.datasets.miniature import Miniature, write_miniature
from models.datasets.readers import find
from models.labels import ACTION_UNITS
from models.preparation.alignment import Aligner
from models.preparation.frames import read_frames
from models.preparation.prepare import Preparer
from models.preparation.settings import PrepareSettings
from models.protocol.samples import Inputs
from models.systems.catalogue import SYSTEMS
from models.systems.checkpoint import input_table
from realtime.chosen_network import place_of
from realtime.crop import move_points
from realtime.event_clip import EventClip
from realtime.event_inputs import make_inputs, needs_frames, needs_units, refusal
from realtime.events_file import EventLine, event_line
from realtime.export_table import columns, row
from realtime.messages import ExpressionRecognised, ExpressionSpotted, FaceTracked, Quality
from realtime.parcel import Parcel
from realtime.recognise import Recogniser
from realtime.settings import RecogniseSettings
from realtime.unit_lines import unit_lines

WEIGHTS = np.array([0.299, 0.587, 0.114])


def schema_of(name: str, labels=("negative", "positive", "surprise")) -> Schema:
    made = SYSTEMS[name].make(3, False)
    return Schema(
        tuple(InputSpec(one["name"], tuple(one["shape"]), one["meaning"]) for one in input_table(made)),
        labels, made.unit_names, False, 0.5,
    )  # fmt: skip


class Judge:
    """A classifier that checks what it is given and says always the same."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.labels, self.action_units, self.certain = schema, schema.labels, schema.action_units, 0.4
        self.provenance = Provenance("judge", "", "onnxruntime", "cpu", "float32", "", "")
        self.given: dict[str, np.ndarray] = {}

    def warm(self) -> None: ...

    def classify(self, batch) -> Verdicts:
        self.given = checked_batch(self.schema, batch)
        units = np.full((1, len(self.action_units)), 0.9, np.float32)
        return Verdicts(np.array([[0.2, 0.7, 0.1]], np.float32), units, np.full(1, np.nan, np.float32))


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """A clip prepared as for training, and the same faces as the live stages have them."""
    folder = tmp_path_factory.mktemp("live") / "casme2"
    write_miniature(folder, "casme2", Miniature(subjects=1, events=1, frames=20, size=200))
    (clip,) = find(f"casme2:{folder}").clips
    prepared = Preparer(PrepareSettings()).prepare(clip)
    read = read_frames(clip)
    aligned = Aligner(256, 0.72).align(read.images)
    grey = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in aligned.crops])
    return prepared, grey, aligned.mesh, read


@pytest.mark.parametrize("name", SYSTEMS)
def test_live_inputs_are_those_of_training(name: str, event):
    prepared, grey, mesh, read = event
    width = float(np.linalg.norm(mesh[454] - mesh[234]))
    measured = ExpressionCloud(256).measure(grey[0], grey[read.apex], mesh, width)
    units = [n for n, chance in zip(ACTION_UNITS, prepared.arrays["predicted_units"], strict=True) if chance >= 0.5]
    schema = schema_of(name)
    live = make_inputs(schema, EventClip(grey, read.apex, read.rate, mesh, width, measured), units)
    checked_batch(schema, live)
    trained = (
        SYSTEMS[name]
        .make(3, False)
        .view.read(Inputs(np.array(["one"]), {field: array[None] for field, array in prepared.arrays.items()}))
    )
    for one, expected in zip(schema.inputs, trained, strict=True):
        found = live[one.name]
        if one.shape[0] == 3 and len(one.shape) == 4:  # colours: their brightness is what live faces have
            brightness = np.tensordot(WEIGHTS, expected[0], 1)
            assert all(np.array_equal(found[0, 0], other) for other in found[0])
            # A box that is stretched one way and shrunk the other is sampled otherwise by OpenCV.
            assert np.abs(found[0, 0] - brightness).mean() < (0.008 if one.name == "region" else 0.004)
        elif one.name == "oval":
            assert (found != expected).mean() < 0.005
        elif one.name == "patches":
            assert np.abs(found - expected).mean() < 0.02 and np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
        else:
            assert np.abs(found - expected).mean() < 0.004, one.name


def spotted_in(grey: np.ndarray, mesh: np.ndarray, apex: int) -> tuple[list[FaceTracked], ExpressionSpotted]:
    """The messages of a face that drifts by half a pixel with each frame, and is followed by the crop."""
    faces = []
    for at in range(len(grey)):
        similarity = np.array([[1.0, 0, -0.5 * at], [0, 1.0, 0]])
        faces.append(
            FaceTracked(
                source="s", sequence=100 + at, captured_ns=at * 10_000_000, grabbed_ns=0, epoch=0,
                presentation_s=at / 100, crop_epoch=at, crop_from_frame=tuple(similarity.ravel()),
                landmarks=move_points(similarity, mesh).astype(np.float32).tobytes(), face_width=184.0,
                quality=Quality(10, 100, 0, 0, 0, 0),
            )
        )  # fmt: skip
    last = faces[-1]
    spotted = ExpressionSpotted(
        source="s", sequence=last.sequence, captured_ns=last.captured_ns, grabbed_ns=0, epoch=0, event=1, kind="micro",
        onset=faces[0], apex=faces[apex], offset_sequence=last.sequence, onset_s=0.0, apex_s=apex / 100,
        offset_s=(len(grey) - 1) / 100, offset_grabbed_ns=0, regions={}, strength=1.0, score=9.0,
    )  # fmt: skip
    return faces, spotted


def test_the_recogniser_lays_all_faces_over_the_apex_and_lets_the_default_tell_action_units(event):
    _, grey, mesh, read = event
    faces, spotted = spotted_in(grey, mesh, read.apex)
    moved = [
        cv2.warpAffine(one, np.array(face.crop_from_frame).reshape(2, 3), (256, 256), borderMode=cv2.BORDER_REPLICATE)
        for one, face in zip(grey, faces, strict=True)
    ]
    crops = {face.sequence: crop for face, crop in zip(faces, moved, strict=True)}
    judge, units = Judge(schema_of("stcnn")), Judge(Schema(
        (InputSpec("clouds", (8, 128, 6), ""),), ("negative", "positive", "surprise"), ACTION_UNITS, False, 0.5
    ))  # fmt: skip
    recogniser = Recogniser(RecogniseSettings(), judge, units=units)
    del crops[faces[3].sequence]  # lost on the way
    for face in faces:
        (passed,) = recogniser.recognise(Parcel(face), crops.__getitem__)
        assert passed.message is face
    (told,) = recogniser.recognise(Parcel(spotted), crops.__getitem__)
    assert isinstance(told.message, ExpressionRecognised)
    assert told.message.label == "positive" and set(told.message.action_units) == set(ACTION_UNITS)
    clip = judge.given["clip"][0, 0]
    assert np.abs(np.diff(clip, axis=0))[:, 6:-6, 6:-6].mean() < 0.012  # drift is gone, the expression is not
    gone = recogniser.recognise(Parcel(spotted), {}.__getitem__)[0].message
    assert gone.label == "uncertain"


def test_action_units_are_told_frame_by_frame_when_asked_for(event):
    _, grey, mesh, read = event
    faces, spotted = spotted_in(grey, mesh, read.apex)
    crops = {face.sequence: one for face, one in zip(faces, grey, strict=True)}
    clouds = Schema((InputSpec("clouds", (8, 128, 6), ""),), ("negative", "positive", "surprise"), (), False, 0.5)

    class Mover(Judge):
        def classify(self, batch) -> Verdicts:
            batch = np.asarray(batch, np.float32)
            moved = np.linalg.norm(batch[..., 3:5], axis=-1).mean(axis=(1, 2))
            said = super().classify(batch)
            return Verdicts(np.repeat(said.probabilities, len(batch), 0), moved[:, None], said.expression)

    mover = Mover(Schema(clouds.inputs, clouds.labels, ("AU12",), False, 0.5))
    recogniser = Recogniser(RecogniseSettings(aus=True), Judge(schema_of("ststnet")), units=mover)
    for face in faces:
        recogniser.recognise(Parcel(face), crops.__getitem__)
    (told,) = recogniser.recognise(Parcel(spotted), crops.__getitem__)
    curve = told.message.unit_curves["AU12"]
    assert told.message.unit_frames == tuple(range(101, 100 + len(grey))) and len(curve) == len(grey) - 1
    assert abs(int(np.argmax(curve)) + 1 - read.apex) <= 2 and curve[-1] < 0.6 * max(curve)
    (line,) = unit_lines(told.message)
    assert line.startswith("    AU12 lip corner puller: ") and f"at {(np.argmax(curve) + 1) / 100:.2f} s" in line
    stored = msgspec.json.decode(msgspec.json.encode(event_line(told.message)), type=EventLine)
    assert stored.unit_curves["frame"] == list(told.message.unit_frames)
    assert "unit_curves" not in msgspec.to_builtins(event_line(msgspec.structs.replace(told.message, unit_frames=())))
    assert "unit_curves" not in row(stored) and columns([stored]) == columns([])


def test_a_verdict_is_told_without_its_curves_where_the_faces_are_gone_by_then(event):
    _, grey, mesh, read = event
    faces, spotted = spotted_in(grey, mesh, read.apex)
    crops = {face.sequence: one for face, one in zip(faces, grey, strict=True)}
    clouds = Schema((InputSpec("clouds", (8, 128, 6), ""),), ("negative", "positive", "surprise"), (), False, 0.5)
    units = Judge(Schema(clouds.inputs, clouds.labels, ("AU12",), False, 0.5))
    recogniser = Recogniser(RecogniseSettings(aus=True), Judge(schema_of("ststnet")), units=units)
    asked = []

    def overwritten(sequence: int) -> np.ndarray:
        asked.append(sequence)
        if len(asked) > 2:  # onset and apex were there for the verdict
            raise KeyError(sequence)
        return crops[sequence]

    (told,) = recogniser.recognise(Parcel(spotted), overwritten)
    assert len(asked) == 3
    assert told.message.label == "positive" and told.message.unit_curves == {}


def test_networks_that_cannot_be_served_are_refused_in_one_line():
    assert not any(refusal(schema_of(name), ("negative", "positive", "surprise")) for name in SYSTEMS)
    strange = Schema((InputSpec("depth", (1, 9, 9), "mm"),), ("negative", "positive"), (), False, 0.5)
    assert "'depth' (1x9x9: mm), which is not measured live" in refusal(strange, strange.labels)
    assert "train it with 3 classes" in refusal(schema_of("ststnet"), ("anger", "fear"))
    with pytest.raises(ModelError, match=r"judge: .* not measured live"):
        Recogniser(RecogniseSettings(), Judge(strange))


def test_what_must_be_there_beside_a_network():
    assert {name for name in SYSTEMS if not needs_frames(schema_of(name))} == {"ststnet", "htnet", "regional_clouds"}
    assert [name for name in SYSTEMS if needs_units(schema_of(name))] == ["dualbranch"]


def test_a_network_is_a_name_or_a_file_with_its_manifest(tmp_path):
    assert place_of("cloud")[0] == "cloud"
    file = tmp_path / "ststnet.onnx"
    with pytest.raises(ModelError, match="no such file; python -m engine export writes it"):
        place_of(str(file))
    file.write_bytes(b"")
    with pytest.raises(ModelError, match=r"no manifest.json beside ststnet.onnx"):
        place_of(str(file))
    (tmp_path / "manifest.json").write_text("{}")
    assert place_of(str(file)) == ("ststnet", tmp_path)
