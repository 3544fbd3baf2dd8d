"""Watch a face until it has rested for long enough, and learn from the rest what is this person's own.

Blinks, movements and poor pictures are left out, each with its reason, and the watching goes on.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from kernels.face_regions import MOTION_REGIONS
from kernels.rigid import TooLittleSkin
from realtime.blink import eye_opening
from realtime.disturbance import ADVICE, HEAD, NOBODY, DisturbanceGuard
from realtime.failures import UserFacingError
from realtime.messages import FaceTracked
from realtime.motion_meter import MotionMeter
from realtime.neutral import NeutralFace
from realtime.neutral_shape import Places, places, turned_like
from realtime.person import PERSON_SCHEMA, Person, checked_name

_MARGIN_S = 0.15  # around a disturbance: lids and lips are on their way before and after it shows
_LONGEST_STEP_S = 0.2  # a longer gap between frames counts as this much
_NEAR_S = 0.3  # samples further apart do not belong to one stretch of rest


@dataclass(frozen=True)
class Quiet:
    """How far the watching has come, for a meter on the screen."""

    collected_s: float
    wanted_s: float
    disturbed_by: str  # now; empty while the face rests
    face_width: float  # px in the frame, 0 without a face

    @property
    def done(self) -> bool:
        """Enough has been seen."""
        return self.collected_s >= self.wanted_s


@dataclass(frozen=True)
class RestSample:
    """One frame of a face at rest."""

    time_s: float
    step_s: float
    position: NDArray[np.float64]  # (regions, 2) px at 224 px face width
    opening: float
    places: Places
    width: float


class QuietFace:
    """Takes in one tracked face after the other, from any source.

    Args:
        wanted_s: seconds of rest to collect.
    """

    def __init__(self, wanted_s: float = 10.0) -> None:
        self.wanted_s = wanted_s
        self.disturbed_s: defaultdict[str, float] = defaultdict(float)
        """Seconds lost, by reason."""
        self.kept: list[RestSample] = []
        """What is learned from."""
        self._waiting: deque[RestSample] = deque()  # a disturbance just after them may still spoil them
        self._meter = MotionMeter()
        self._guard = DisturbanceGuard()
        self._steps: list[float] = []
        self._last_s: float | None = None
        self._disturbed_at_s = -np.inf
        self._reason = ""

    @property
    def collected_s(self) -> float:
        """Seconds of rest so far."""
        return sum(sample.step_s for sample in self.kept)

    def warm(self) -> None:
        """Compile what must be compiled before the first frame comes."""
        self._meter.warm()

    def miss(self, time_s: float, reason: str = NOBODY) -> Quiet:
        """A frame that shows no face, or more than one."""
        step_s = self._step(time_s)
        self._guard.forget()
        self._meter.forget()
        return self._disturb(time_s, step_s, reason, 0.0)

    def take(self, tracked: FaceTracked, crop: NDArray[np.uint8]) -> Quiet:
        """One tracked face.

        Args:
            tracked: where it is; its `captured_ns` grow.
            crop: grey uint8 (256, 256).
        """
        time_s = tracked.captured_ns * 1e-9
        step_s, width = self._step(time_s), tracked.quality.face_width
        try:
            motion = self._meter.measure(tracked, crop)
        except TooLittleSkin:
            self._meter.forget()
            self._guard.forget()
            return self._disturb(time_s, step_s, HEAD, width)
        if motion.far:
            self._meter.renew()
        if reason := self._guard.judge(tracked, crop, motion):
            return self._disturb(time_s, step_s, reason, width)
        if time_s - self._disturbed_at_s < _MARGIN_S:
            self.disturbed_s[self._reason] += step_s
            return Quiet(self.collected_s, self.wanted_s, self._reason, width)
        mesh = tracked.mesh()
        self._waiting.append(RestSample(time_s, step_s, motion.regions.copy(), eye_opening(mesh), places(mesh), width))
        while self._waiting[0].time_s <= time_s - _MARGIN_S:
            self.kept.append(self._waiting.popleft())
        return Quiet(self.collected_s, self.wanted_s, "", width)

    def person(self, name: str, source: str) -> Person:
        """What was learned.

        Args:
            name: the person's.
            source: the camera, without passwords.

        Raises:
            UserFacingError: the face did not rest for long enough; says what disturbed it, and what helps.
        """
        self.kept += self._waiting
        self._waiting.clear()
        # Between the first and the last frame lies one interval less than there are frames.
        if self.collected_s < self.wanted_s - max(self._steps, default=0.0) or len(self.kept) < 2:
            raise UserFacingError(self._why_not())
        noise = self.noise()
        return Person(
            schema=PERSON_SCHEMA,
            name=checked_name(name),
            measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            source=source,
            rate=round(1 / float(np.median(self._steps)), 2),
            face_width=round(float(np.median([sample.width for sample in self.kept])), 1),
            quiet_s=round(self.collected_s, 2),
            noise={region: round(float(one), 4) for region, one in zip(MOTION_REGIONS, noise, strict=True)},
            eye_opening=round(float(np.median([sample.opening for sample in self.kept])), 4),
            neutral=[(round(x, 4), round(y, 4), round(z, 4)) for x, y, z in self._neutral().tolist()],
        )

    def noise(self) -> NDArray[np.float64]:
        """How far one coordinate of each region strays at rest, px at 224 px face width, (regions,).

        Estimated as the spotter does it, over all of the rest.
        """
        rest = NeutralFace(len(MOTION_REGIONS), noise_s=self.wanted_s)
        believed = np.ones(len(MOTION_REGIONS), bool)
        last_s = -np.inf
        for sample in self.kept:
            if sample.time_s - last_s > _NEAR_S:
                rest.forget_position()
            rest.learn(sample.time_s, sample.position, believed)
            last_s = sample.time_s
        return rest.noise

    def _neutral(self) -> Places:
        model = self.kept[len(self.kept) // 2].places
        return np.median([turned_like(sample.places, model) for sample in self.kept], axis=0)

    def _step(self, time_s: float) -> float:
        step_s = 0.0 if self._last_s is None else min(max(time_s - self._last_s, 0.0), _LONGEST_STEP_S)
        self._last_s = time_s
        if step_s > 0:
            self._steps.append(step_s)
        return step_s

    def _disturb(self, time_s: float, step_s: float, reason: str, width: float) -> Quiet:
        self._reason, self._disturbed_at_s = reason, time_s
        self.disturbed_s[reason] += step_s + sum(sample.step_s for sample in self._waiting)
        self._waiting.clear()
        return Quiet(self.collected_s, self.wanted_s, reason, width)

    def _why_not(self) -> str:
        seen = f"only {self.collected_s:.1f} of {self.wanted_s:g} quiet seconds were seen"
        lost_s = sorted(((lost, reason) for reason, lost in self.disturbed_s.items() if lost > 0), reverse=True)
        worst = [(reason, lost) for lost, reason in lost_s[:2]]
        if not worst:
            return f"{seen}: the source ended too early; give a longer one, or fewer --seconds"
        lost = ", ".join(f"{reason} ({lost:.1f} s)" for reason, lost in worst)
        return f"{seen}: {lost}; {ADVICE[worst[0][0]]}"
