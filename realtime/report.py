"""The report: one HTML file that needs nothing else, of one recording or many."""

from __future__ import annotations

import heapq
import math
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from realtime.action_units import ACTION_UNIT_NAMES
from realtime.event_pictures import wheel_picture
from realtime.failures import UserFacingError
from realtime.parcel import Parcel
from realtime.report_section import Card, Section

if TYPE_CHECKING:
    from realtime.summary import Summary

_PICTURES_BYTES = 6_000_000  # of the 10 MB a report may have
_COLUMNS_IN_ALL = 9000  # of all timelines together
_MOST_COLUMNS, _FEWEST_COLUMNS = 900, 150


class Report:
    """A sink for one recording after the other: `begin`, `take` each message, `end`; then `close`.

    Args:
        path: the .html file.
        title: its heading.
        about: further lines for its head, such as what ran the network.
    """

    def __init__(self, path: Path, title: str = "Glimpse report", about: Mapping[str, str] | None = None) -> None:
        self.sections: list[Section] = []
        self._path = path
        self._title = title
        self._about = dict(about or {})
        self._weighed: list[tuple[float, int, Card]] = []  # least remarkable first
        self._bytes = 0
        self._order = count()

    def begin(self, source: str, says: str = "") -> None:
        """Start the section of a recording.

        Args:
            source: its name.
            says: what it delivered.
        """
        self.sections.append(Section(source, says))

    def take(self, parcel: Parcel) -> None:
        """Take in one message of the recording begun last; one that was not announced begins its own."""
        if not self.sections:
            self.begin(parcel.message.source)
        card = self.sections[-1].take(parcel)
        if card is not None and card.pictures is not None:
            self._weigh(card)

    def end(self, summary: Summary | None = None) -> None:
        """Finish a section with what the run amounted to."""
        if self.sections:
            self.sections[-1].summary = summary

    def close(self) -> Path:
        """Write the file.

        Raises:
            UserFacingError: it cannot be written.
        """
        page = self.render()
        part = self._path.with_name(self._path.name + ".part")
        try:
            part.write_text(page, encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            raise UserFacingError(
                f"{self._path}: cannot be written: {error.strerror}; make room and run again"
            ) from None
        return self._path

    def render(self) -> str:
        """The page."""
        columns = max(_FEWEST_COLUMNS, min(_MOST_COLUMNS, _COLUMNS_IN_ALL // max(1, len(self.sections))))
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["clock"] = _clock
        environment.filters["odds_factor"] = _odds_factor
        environment.filters["likeliest"] = _likeliest
        models = sorted({card.event.model for section in self.sections for card in section.cards})
        return environment.get_template("report.html.j2").render(
            title=self._title,
            made=datetime.now().astimezone(),
            version=version("glimpse"),
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            models=models,
            about=self._about,
            sections=[(section, section.timeline(columns)) for section in self.sections],
            unit_names=ACTION_UNIT_NAMES,
            wheel=wheel_picture(),
        )

    def _weigh(self, card: Card) -> None:
        """Keep the page small: where there are too many pictures, the least remarkable expressions go without."""
        assert card.pictures is not None
        self._bytes += card.pictures.size
        heapq.heappush(self._weighed, (card.event.spot_score, next(self._order), card))
        while self._bytes > _PICTURES_BYTES:
            _, _, least = heapq.heappop(self._weighed)
            assert least.pictures is not None
            self._bytes -= least.pictures.size
            least.pictures = None


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s, 3), 60)  # else 59.9996 would be 60.000
    return f"{minutes:.0f}:{seconds:06.3f}" if minutes else f"{seconds:.3f} s"


def _odds_factor(log_odds: float) -> str:
    sign = "\N{MULTIPLICATION SIGN}" if log_odds >= 0 else "\N{DIVISION SIGN}"
    return f"{sign} {math.exp(abs(log_odds)):.2g}"


def _likeliest(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=probabilities.__getitem__)
