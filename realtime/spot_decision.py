"""From what the network says of each moment to expressions with onset, apex and offset: causal, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from realtime.messages import Kind
from realtime.settings import SpotSettings

_SURE_S = 0.05  # a moment is chosen among those this long after the first that is probable enough
_LATEST_S = 0.1  # but not once the expression has been over for this long, as far as is known
_FALLING = 0.8  # or as soon as probability has fallen to this share of its peak
_SAME = 0.2  # overlap from which two tellings are of one expression
_STEADY_S = 0.05  # an expression under way must be probable for this long
_GONE = 0.03  # and is over without a word when its confidence has been less than this: the odds are against it
_GONE_S = 0.3  # for this long
_RESUMED_S = 0.15  # what began this long before the last one ended is the last one still
_SHORTEST_LASTING_S = 0.3


@dataclass(frozen=True)
class Moment:
    """What the network says at one time.

    Attributes:
        time_s: source time of the row.
        micro_ended, macro_ended: probability that such an expression has just ended.
        lasting: probability of being inside a macro-expression that began half a second ago or earlier.
        micro, macro: onset, apex and offset in source time, if there is such an expression.
    """

    time_s: float
    micro_ended: float
    macro_ended: float
    lasting: float
    micro: tuple[float, float, float]
    macro: tuple[float, float, float]


@dataclass(frozen=True)
class Told:
    """One expression; times in source time."""

    kind: Kind
    onset_s: float
    apex_s: float
    offset_s: float
    confidence: float
    state: Literal["over", "held", "released"]


class _Peak:
    """Waits for the most probable of neighbouring moments."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._best: Moment | None = None
        self._height = 0.0
        self._wait = False

    def watch(
        self, moment: Moment, probability: float, offset_s: float, threshold: float
    ) -> tuple[Moment, float] | None:
        """The best moment and its probability, once it is known; the next only after a fall below the threshold.

        Args:
            moment: the next one.
            probability: that an expression has ended.
            offset_s: source time at which it did, if so.
            threshold: least probability.
        """
        if probability < threshold and self._best is None:
            self._wait = False
            return None
        if self._wait:
            self._wait = probability >= threshold
            return None
        if self._best is None:
            self._first_s = moment.time_s
        if probability > self._height:
            self._best, self._height = moment, probability
        assert self._first_s is not None and self._best is not None
        rising = probability > _FALLING * self._height and moment.time_s - self._first_s < _SURE_S
        if rising and moment.time_s - offset_s < _LATEST_S:
            return None
        chosen = self._best, self._height
        self._wait = probability >= threshold
        self._best, self._height = None, 0.0
        return chosen


class SpotDecision:
    """Chooses moments at which an expression is told.

    Args:
        settings: `threshold` is the operating point: the least confidence with which an expression is told.
    """

    def __init__(self, settings: SpotSettings) -> None:
        self.settings = settings
        self.forget()

    def forget(self) -> None:
        """A new window."""
        self._micro, self._macro = _Peak(), _Peak()
        self._open: Told | None = None
        self._probable_since_s: float | None = None
        self._gone_since_s: float | None = None
        self._last: Told | None = None
        self._begins_s: float | None = None

    @property
    def open(self) -> Told | None:
        """The macro-expression that has been announced and is still held."""
        return self._open

    def push(self, moment: Moment) -> list[Told]:
        """Take in the next moment."""
        told: list[Told] = []
        if self._begins_s is None:
            self._begins_s = moment.time_s
        micro = self._micro.watch(moment, moment.micro_ended, moment.micro[2], self.settings.threshold)
        if micro is not None:
            told += self._tell("micro", micro[0].micro, micro[1])
        ended = self._macro.watch(moment, moment.macro_ended, moment.macro[2], self.settings.threshold)
        if self._open is not None:
            told += self._let_go(moment, ended)
        elif ended is not None:
            told += self._tell("macro", ended[0].macro, ended[1])
        else:
            told += self._announce(moment)
        return told

    def finish(self, time_s: float) -> list[Told]:
        """The stream ends: what is open is closed where it stands."""
        return self._release(time_s) if self._open is not None else []

    def _tell(self, kind: Kind, times: tuple[float, float, float], sure: float) -> list[Told]:
        onset_s, apex_s, offset_s = times
        if offset_s - onset_s < self.settings.shortest_event or not self._settled(onset_s):
            return []
        if self._last is not None:
            onset, offset = self._last.onset_s, self._last.offset_s
            shared = min(offset, offset_s) - max(onset, onset_s)
            if shared > _SAME * (max(offset, offset_s) - min(onset, onset_s)):
                return []
        self._last = Told(kind, onset_s, min(max(apex_s, onset_s), offset_s), offset_s, sure, "over")
        return [self._last]

    def _settled(self, onset_s: float) -> bool:
        """What began before the face was known is not judged."""
        return self._begins_s is not None and onset_s >= self._begins_s + self.settings.settle

    def _announce(self, moment: Moment) -> list[Told]:
        if moment.lasting < self.settings.threshold:
            self._probable_since_s = None
            return []
        if self._probable_since_s is None:
            self._probable_since_s = moment.time_s
        if moment.time_s - self._probable_since_s < _STEADY_S:
            return []
        onset_s, apex_s, _ = moment.macro
        if moment.time_s - onset_s < _SHORTEST_LASTING_S or not self._settled(onset_s):
            return []
        if self._last is not None:
            if onset_s < self._last.offset_s - _RESUMED_S:
                return []
            onset_s = max(onset_s, self._last.offset_s)
        self._probable_since_s = self._gone_since_s = None
        self._open = Told("macro", onset_s, max(apex_s, onset_s), moment.time_s, moment.lasting, "held")
        return [self._open]

    def _let_go(self, moment: Moment, ended: tuple[Moment, float] | None) -> list[Told]:
        assert self._open is not None
        if ended is not None:
            return self._release(ended[0].macro[2])
        if moment.lasting >= _GONE:
            self._gone_since_s = None
        elif self._gone_since_s is None:
            self._gone_since_s = moment.time_s
        if self._gone_since_s is not None and moment.time_s - self._gone_since_s > _GONE_S:
            return self._release(self._gone_since_s)
        if moment.time_s - self._open.onset_s > self.settings.longest_event:
            return self._release(moment.time_s)
        return []

    def _release(self, offset_s: float) -> list[Told]:
        assert self._open is not None
        held, self._open = self._open, None
        offset_s = max(offset_s, held.onset_s + self.settings.shortest_event)
        self._last = Told("macro", held.onset_s, min(held.apex_s, offset_s), offset_s, held.confidence, "released")
        return [self._last]


def moments(
    times: NDArray[np.float64],
    ended: NDArray[np.float32],
    lasting: NDArray[np.float32],
    lags: NDArray[np.float32],
) -> list[Moment]:
    """The network's answers as moments.

    Args:
        times: (n,) source time of the rows.
        ended: (n, 2); lasting: (n,); lags: (n, 6), seconds.
    """
    return [
        Moment(
            float(t),
            float(e[0]),
            float(e[1]),
            float(s),
            (float(t - g[0]), float(t - g[1]), float(t - g[2])),
            (float(t - g[3]), float(t - g[4]), float(t - g[5])),
        )
        for t, e, s, g in zip(times, ended, lasting, lags, strict=True)
    ]
