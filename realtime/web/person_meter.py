"""The page's wizard: ten quiet seconds of one person, learned beside the running pipeline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from realtime.crop import cut
from realtime.disturbance import ADVICE
from realtime.failures import UserFacingError
from realtime.messages import FaceTracked, FrameCaptured
from realtime.person import checked_name, save_person
from realtime.person_quiet import Quiet, QuietFace
from realtime.web.page_messages import PageQuiet

WANTED_S = 10.0
_PATIENCE = 3.0  # times the quiet seconds, after which the watching ends
_TOLD_S = 0.1


class PersonMeter:
    """Watches until the face has rested for long enough, then keeps the person.

    Args:
        name: the person's.
        source: the camera, without passwords.
        wanted_s: seconds of rest to collect.
    """

    def __init__(self, name: str, source: str, wanted_s: float = WANTED_S) -> None:
        self._name, self._source, self._wanted_s = name, source, wanted_s
        self._quiet = QuietFace(wanted_s)
        self._quiet.warm()
        self._first_s: float | None = None
        self._told_s = -np.inf

    def see(self, message: FaceTracked | FrameCaptured, image: NDArray[np.uint8]) -> PageQuiet | None:
        """One frame.

        Args:
            message: about it; `FrameCaptured` where it shows no face.
            image: RGB uint8 (height, width, 3).

        Returns:
            How far it has come, some ten times a second; the last with `done` or `failed`.
        """
        time_s = message.captured_ns * 1e-9
        if self._first_s is None:
            self._first_s = time_s
            try:
                checked_name(self._name)
            except UserFacingError as error:
                return self._failed(str(error))
        if isinstance(message, FaceTracked):
            crop = cut(image, np.array(message.crop_from_frame).reshape(2, 3))
            now, sharpness = self._quiet.take(message, crop), message.quality.sharpness
        else:
            now, sharpness = self._quiet.miss(time_s), 0.0
        if now.done or time_s - self._first_s > _PATIENCE * self._wanted_s:
            return self._conclude(now)
        if time_s - self._told_s < _TOLD_S:
            return None
        self._told_s = time_s
        return PageQuiet(
            name=self._name,
            collected_s=now.collected_s,
            wanted_s=now.wanted_s,
            disturbed_by=now.disturbed_by,
            advice=ADVICE.get(now.disturbed_by, ""),
            face_px=now.face_width,
            sharpness=sharpness,
        )

    def _conclude(self, now: Quiet) -> PageQuiet:
        try:
            person = self._quiet.person(self._name, self._source)
            save_person(person)
        except UserFacingError as error:
            return self._failed(str(error), now.collected_s)
        tremble = float(np.median(list(person.noise.values())))
        return PageQuiet(
            name=person.name,
            collected_s=person.quiet_s,
            wanted_s=self._wanted_s,
            face_px=person.face_width,
            done=True,
            outcome=f"{person.name} is known now: the face trembles by {tremble:.2f} px at rest "
            f"(median over its regions), measured over {person.quiet_s:.0f} quiet seconds.",
        )

    def _failed(self, why: str, collected_s: float = 0.0) -> PageQuiet:
        return PageQuiet(name=self._name, collected_s=collected_s, wanted_s=self._wanted_s, failed=True, outcome=why)
