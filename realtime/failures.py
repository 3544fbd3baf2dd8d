"""What can go wrong for a reason that a user can mend."""

from __future__ import annotations


class UserFacingError(Exception):
    """Its text is one line that says what is wrong and what to do; command lines print it without a traceback."""
