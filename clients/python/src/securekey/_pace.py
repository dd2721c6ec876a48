"""When a ring asks next. Plain numbers, in seconds; ``chance`` is from 0 to below 1."""

import re
from datetime import datetime, timezone
from typing import Callable, Optional

_SECONDS = re.compile(r"[0-9]{1,9}")
_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST = 3_600.0
_SHORTEST = 60.0
_LONGEST_FAILING = 300.0
_LONGEST_REVOKED = 60.0
_USUAL_REVOKED = 10.0
#: So long after its date a rotation is looked for closely.
_CLOSELY = 600.0

Chance = Callable[[], float]


def after_answer(
    refresh_after: Optional[str], chance: Chance, *, rotation_in: Optional[float], settled_in: Optional[float]
) -> float:
    """After keys were taken or have not changed. ``rotation_in``, ``settled_in``: seconds until then, if that is known."""
    told = refresh_after if refresh_after and _SECONDS.fullmatch(refresh_after) else None
    wait = min(LONGEST, max(_SHORTEST, float(told) if told else LONGEST)) * (0.9 + 0.2 * chance())
    if rotation_in is not None and rotation_in > 0:
        wait = min(wait, rotation_in + 60 * chance())
    elif rotation_in is not None and rotation_in > -_CLOSELY:
        wait = min(wait, 30 + 30 * chance())
    return max(1.0, wait if settled_in is None else min(wait, settled_in + 1))


def after_failure(in_a_row: int, chance: Chance) -> float:
    """Longer and longer, and at any moment of that time, so that many processes do not come together."""
    return max(1.0, chance() * min(_LONGEST_FAILING, 2.0 ** min(in_a_row, 20)))


def not_before(retry_after: Optional[str], now: Optional[float], chance: Chance) -> float:
    """For so long must nobody ask after a failure. ``now`` in Unix seconds; None where the clock tells no time."""
    told = seconds_in(retry_after, now)
    return 0.0 if told is None else min(LONGEST, max(0.0, told)) * (1 + 0.1 * chance())


def after_revoke(retry_after: Optional[str], now: Optional[float], chance: Chance) -> float:
    told = seconds_in(retry_after, now)
    return min(_LONGEST_REVOKED, max(1.0, _USUAL_REVOKED if told is None else told)) * (1 + 0.1 * chance())


def seconds_in(retry_after: Optional[str], now: Optional[float]) -> Optional[float]:
    """From now on; None for what is neither seconds nor a date. The months are not those of the machine's language."""
    text = retry_after or ""
    if _SECONDS.fullmatch(text):
        return float(text)
    if now is None or not _DATE.fullmatch(text) or text[8:11] not in _MONTHS:
        return None
    hour, minute, second = (int(part) for part in text[17:25].split(":"))
    try:
        month = _MONTHS.index(text[8:11]) + 1
        date = datetime(int(text[12:16]), month, int(text[5:7]), hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return date.timestamp() - now
