"""What can be chosen on the live page, and what a choice opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from realtime.failures import UserFacingError
from realtime.settings import CameraSettings
from realtime.source import SourceSpec
from realtime.watch_sources import name_sources
from realtime.web.page_messages import CameraOffer, Order

BROWSER, DEMO, ALL = "browser", "demo", "all"
IN_WORDS = "this browser's camera"


class PageSources:
    """Opens what is chosen.

    Args:
        given: sources of the command line; several are one choice, `ALL`, and so is a URL or a file.
        camera: what is asked of a webcam.
        browser: socket of a browser's camera.
        demo_clip: makes the built-in clip in a folder; None where there is none.
        private: that folder.

    Attributes:
        choices: what the page offers: spec, in words.
        first: what to begin with.

    Raises:
        UserFacingError: a browser's camera stands among several.
    """

    def __init__(
        self,
        given: Sequence[str],
        camera: CameraSettings,
        browser: Path,
        demo_clip: Callable[[Path], Path] | None,
        private: Path,
    ) -> None:
        if len(given) > 1 and BROWSER in given:
            raise UserFacingError("a browser's camera is watched alone: give 'browser' as the only source")
        self._given, self._camera, self._browser = list(given), camera, browser
        self._demo_clip, self._private = demo_clip, private
        found = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
        cameras = [(str(path), f"camera {path}") for path in found] or [("0", "camera 0")]
        # By a word of its own: a page that offers a URL without its password could not begin it again.
        named = len(given) == 1 and given[0] not in (BROWSER, DEMO) and not SourceSpec(given[0]).is_camera
        says = f"all {len(given)} sources of the command line" if len(given) > 1 else _label(given[0])
        mine = [(ALL, says)] if len(given) > 1 or named else []
        demo = [(DEMO, "the built-in clip")] if demo_clip is not None else []
        self.choices: list[tuple[str, str]] = [*mine, *cameras, (BROWSER, IN_WORDS), *demo]
        self.first = ALL if mine else given[0]

    def opened_by(self, order: Order) -> dict[str, SourceSpec]:
        """Sources by name, in words and without passwords.

        Raises:
            UserFacingError: there is no built-in clip.
        """
        if isinstance(order, CameraOffer):
            offered = SourceSpec(f"browser:{self._browser}", width=order.width, height=order.height, fps=order.fps)
            return {IN_WORDS: offered}
        asked = self._given if order.source == ALL else [order.source]
        names = name_sources([_label(one) for one in asked])
        return {name: self._spec(one) for name, one in zip(names, asked, strict=True)}

    def _spec(self, asked: str) -> SourceSpec:
        if asked == DEMO:
            if self._demo_clip is None:
                raise UserFacingError("there is no built-in clip here; choose a camera")
            return SourceSpec(str(self._demo_clip(self._private)), realtime=True)
        spec = SourceSpec.live_as(asked, self._camera)
        # A recording is played at its own pace, as a camera would give it.
        return spec if spec.is_camera or spec.is_url else SourceSpec(asked, realtime=True)


def _label(asked: str) -> str:
    spec = SourceSpec(asked)
    return spec.label if spec.is_camera or spec.is_url else Path(asked).name
