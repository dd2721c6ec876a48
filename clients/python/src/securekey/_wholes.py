"""Numbers from outside."""

import math
from typing import Any, Optional


def whole_between(value: Any, least: int, most: int) -> Optional[int]:
    """The whole number, if it is one of these; else None. 3.0 is 3, as in JSON, and True is no number."""
    kind = type(value)
    if kind is bool or not issubclass(kind, (int, float)):
        return None
    if issubclass(kind, float) and not value.is_integer():
        return None
    return int(value) if least <= value <= most else None


def milliseconds_of(value: Any) -> Optional[int]:
    """Milliseconds of a finite number of seconds; else None."""
    kind = type(value)
    if kind is bool or not issubclass(kind, (int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    # Rounded: as a float, a moment in seconds may stand a hair before its millisecond.
    return round(seconds * 1_000) if math.isfinite(seconds) and abs(seconds) < 1e12 else None


def shown_seconds(seconds: int) -> str:
    """For a message: a number of any length in a few words."""
    return f"{seconds} seconds" if seconds < 10**15 else "more than 1000000000000000 seconds"
