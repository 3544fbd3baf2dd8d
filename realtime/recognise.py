"""Say which feeling an expression leaks and which muscles moved: the `recognise` stage."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.classifier import Classifier, ModelError, Verdicts
from engine.influence import region_influence
from kernels.expression_cloud import ExpressionCloud, Measured
from kernels.face_regions import CLOUD_REGIONS
from kernels.rigid import TooLittleSkin
from realtime.crop import CROP_SIZE, carry
from realtime.event_clip import CropMemory, EventClip, Faces
from realtime.event_inputs import is_default, make_inputs, needs_frames, refusal
from realtime.evidence import pack_evidence
from realtime.expression_on_gpu import fetched, meter_for
from realtime.messages import ExpressionRecognised, ExpressionSpotted, FaceTracked, Label, stamp
from realtime.parcel import Parcel
from realtime.settings import RecogniseSettings
from realtime.unit_curves import unit_curves

_LABELS: dict[str, Label] = {"negative": "negative", "positive": "positive", "surprise": "surprise"}


class Recogniser:
    """Dense flow from onset to apex, regional cloud, network, verdict.

    Args:
        settings: which network, and how sure it must be.
        classifier: the loaded network.
        now_ns: monotonic clock, for the latency of each verdict.
        units: the default network, which tells action units where the classifier does not; None: nobody tells them.

    Raises:
        ModelError: the network reads what is not measured live, or tells other classes.
    """

    def __init__(
        self,
        settings: RecogniseSettings,
        classifier: Classifier,
        now_ns: Callable[[], int] = time.monotonic_ns,
        units: Classifier | None = None,
    ) -> None:
        problem = refusal(classifier.schema, classifier.labels)
        if problem:
            raise ModelError(f"{classifier.provenance.model}: {problem}")
        self.classifier = classifier
        self.certain = classifier.certain if settings.certain is None else settings.certain
        self._default = is_default(classifier.schema)
        self._units = classifier if self._default and classifier.action_units else units
        self._memory = CropMemory()
        self._aus = settings.aus
        self._cloud = meter_for(classifier, CROP_SIZE) if self._default else ExpressionCloud(CROP_SIZE)
        self._now_ns = now_ns
        self.uses = str(classifier.provenance)

    def warm(self) -> None:
        """Compile and load what must be ready before the first expression comes."""
        self._cloud.warm()
        self.classifier.warm()

    def recognise(self, parcel: Parcel, crops: Callable[[int], NDArray[np.uint8]]) -> list[Parcel]:
        """Judge one expression.

        Args:
            parcel: ExpressionSpotted; other messages are passed on.
            crops: gives the aligned face of an earlier frame by its sequence; KeyError when it is gone.

        Returns:
            ExpressionRecognised with the evidence behind it.
        """
        spotted = parcel.message
        if isinstance(spotted, FaceTracked) and (self._aus or not self._default):
            self._memory.see(spotted)
        if not isinstance(spotted, ExpressionSpotted):
            return [parcel]
        try:
            onset, apex = crops(spotted.onset.sequence), crops(spotted.apex.sequence)
            onset = carry(onset, _similarity(spotted.onset), _similarity(spotted.apex))
            measured = self._cloud.measure(onset, apex, spotted.apex.mesh(), spotted.apex.face_width)
            verdict, present = self._verdict(spotted, measured, onset, apex, crops)
        except (KeyError, TooLittleSkin):
            # The pictures are gone or show too little; that something was spotted is worth telling all the same.
            labels = self.classifier.labels
            return [Parcel(self._tell(spotted, "uncertain", dict.fromkeys(labels, 1 / len(labels)), {}, {}))]
        probabilities = dict(zip(self.classifier.labels, map(float, verdict.probabilities[0]), strict=True))
        label = self._label(probabilities, float(verdict.expression[0]))
        influence: dict[str, float] = {}
        if self._default:
            best = int(verdict.probabilities[0].argmax())
            carried = region_influence(self.classifier, measured.cloud, best, float(verdict.probabilities[0, best]))
            influence = dict(zip(CLOUD_REGIONS, map(float, carried), strict=True))
        told = self._tell(spotted, label, probabilities, present, influence)
        recognised = self._with_curves(told, spotted, crops)
        seen = fetched(measured.residual), fetched(measured.cloud)
        return [Parcel(recognised, pack_evidence(onset, apex, spotted.apex.mesh(), *seen))]

    def _verdict(
        self,
        spotted: ExpressionSpotted,
        measured: Measured,
        onset: NDArray[np.uint8],
        apex: NDArray[np.uint8],
        crops: Callable[[int], NDArray[np.uint8]],
    ) -> tuple[Verdicts, dict[str, float]]:
        """What the network says, and the action units that are present."""
        units: dict[str, float] = {}
        if self._units is not None and self._units is not self.classifier:
            units = _present(self._units, self._units.classify(fetched(measured.cloud)[None]))
        if self._default:
            verdict = self.classifier.classify(measured.cloud[None])
        else:
            clip = self._clip(spotted, measured, onset, apex, crops)
            verdict = self.classifier.classify(make_inputs(self.classifier.schema, clip, list(units)))
        return verdict, _present(self.classifier, verdict) if self.classifier.action_units else units

    def _clip(
        self,
        spotted: ExpressionSpotted,
        measured: Measured,
        onset: NDArray[np.uint8],
        apex: NDArray[np.uint8],
        crops: Callable[[int], NDArray[np.uint8]],
    ) -> EventClip:
        faces = Faces(np.stack([onset, apex]), 1, 1.0, (spotted.onset.sequence, spotted.apex.sequence))
        if needs_frames(self.classifier.schema):
            faces = self._memory.frames(spotted, crops)
        return EventClip(*faces[:3], spotted.apex.mesh(), spotted.apex.face_width, measured)

    def _with_curves(
        self, told: ExpressionRecognised, spotted: ExpressionSpotted, crops: Callable[[int], NDArray[np.uint8]]
    ) -> ExpressionRecognised:
        """The verdict with its action units frame by frame, where they were asked for and can be had."""
        if not self._aus or self._units is None:
            return told
        try:
            faces = self._memory.frames(spotted, crops)
        except KeyError:  # gone since the verdict
            return told
        frames, curves = unit_curves(self._units, self._cloud, faces, spotted.apex.mesh(), spotted.apex.face_width)
        return msgspec.structs.replace(told, unit_frames=frames, unit_curves=curves)

    def _tell(
        self,
        spotted: ExpressionSpotted,
        label: Label,
        probabilities: dict[str, float],
        action_units: dict[str, float],
        influence: dict[str, float],
    ) -> ExpressionRecognised:
        return ExpressionRecognised(
            **stamp(spotted),
            event=spotted.event,
            kind=spotted.kind,
            onset_s=spotted.onset_s,
            apex_s=spotted.apex_s,
            offset_s=spotted.offset_s,
            onset_frame=spotted.onset.sequence,
            apex_frame=spotted.apex.sequence,
            offset_frame=spotted.offset_sequence,
            label=label,
            probabilities=probabilities,
            action_units=action_units,
            regions=spotted.regions,
            strength=spotted.strength,
            spot_score=spotted.score,
            latency_ms=(self._now_ns() - spotted.offset_grabbed_ns) / 1e6,
            model=self.classifier.provenance.model,
            decided_s=spotted.decided_s,
            confidence=spotted.confidence,
            influence=influence,
        )

    def _label(self, probabilities: dict[str, float], expression: float) -> Label:
        best = max(probabilities, key=probabilities.__getitem__)
        if expression < 0.5 or probabilities[best] < self.certain:
            return "uncertain"
        return _LABELS[best]


def _present(classifier: Classifier, verdict: Verdicts) -> dict[str, float]:
    return {
        unit: round(float(strength), 3)
        for unit, strength in zip(classifier.action_units, verdict.action_units[0], strict=True)
        if strength >= 0.5
    }


def _similarity(track: FaceTracked) -> NDArray[np.float64]:
    return np.array(track.crop_from_frame).reshape(2, 3)
