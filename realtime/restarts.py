"""How often a stage may be started again, and how soon."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class RestartPolicy:
    """For every stage of a run by itself.

    Attributes:
        most: restarts within `within_s`, or in a row without any work done between them; one more fails the run.
        within_s: the time over which restarts are counted, seconds.
        first_s: wait before the first of them; each later one waits twice as long.
        longest_s: longest wait, seconds.
    """

    most: int = 5
    within_s: float = 60.0
    first_s: float = 0.2
    longest_s: float = 5.0


class RestartBudget:
    """Counts the restarts of one stage."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._spent: deque[float] = deque()
        self._fruitless = 0

    def spend(self, now_s: float, worked: bool) -> float | None:
        """Ask for one more restart.

        Args:
            now_s: monotonic seconds.
            worked: the stage that ended had handled something.

        Returns:
            Seconds to wait before it; None when the budget is spent.
        """
        policy = self._policy
        while self._spent and now_s - self._spent[0] >= policy.within_s:
            self._spent.popleft()
        # A stage that hangs on its first message for half a minute would never be restarted too often in one.
        self._fruitless = 0 if worked else self._fruitless + 1
        if len(self._spent) >= policy.most or self._fruitless > policy.most:
            return None
        self._spent.append(now_s)
        return min(policy.first_s * 2.0 ** (len(self._spent) - 1), policy.longest_s)

    def why_spent(self) -> str:
        """One clause for a person, after `spend` gave None."""
        policy = self._policy
        if len(self._spent) >= policy.most:
            return f"restarted {policy.most} times within {policy.within_s:g} s"
        return f"restarted {policy.most} times, and never got to work"
