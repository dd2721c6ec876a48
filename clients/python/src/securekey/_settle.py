"""The settle time: a process that has just restarted signs with the key that the others know as well."""

from datetime import datetime, timedelta, timezone
from typing import Optional

from ._facts import Entry, Facts

_REASONS_WITHOUT = ("revoke", "provision")
_LATEST = timedelta(hours=6)
_AHEAD = timedelta(minutes=5)


class Settle:
    """Decides whether the second key signs."""

    __slots__ = ("_facts", "_second", "over_at_ms")

    def __init__(
        self, facts: Optional[Facts], second: Optional[Entry], started_at_ms: int, settle_ms: int
    ) -> None:
        self._facts = facts
        self._second = second
        # Turned off it never was, wherever the clock goes.
        self.over_at_ms = started_at_ms + settle_ms if settle_ms else None

    def holds(self, now_ms: int, end_ms: int) -> bool:
        """Whether the second key signs now what lives until ``end_ms``."""
        facts, second = self._facts, self._second
        if facts is None or second is None or second.use != "verify" or second.until is None:
            return False
        if self.over_at_ms is None or now_ms >= self.over_at_ms or facts.reason in _REASONS_WITHOUT:
            return False
        rotated_at_ms = milliseconds(facts.rotated_at)
        age_ms = now_ms - rotated_at_ms
        if age_ms >= _LATEST / timedelta(milliseconds=1) or -age_ms > _AHEAD / timedelta(milliseconds=1):
            return False
        return milliseconds(second.until) >= end_ms


def milliseconds(date: datetime) -> int:
    """Unix milliseconds, exactly."""
    return (date - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
