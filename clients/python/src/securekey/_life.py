"""How long something is to live, as an app may say it."""

import re
from datetime import timedelta
from typing import Any, Optional, Union

#: Whole seconds; a text such as ``90s``, ``30m``, ``12h``, ``7d``; or a timedelta.
Life = Union[int, str, timedelta]

_TEXT = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds_of(life: Any) -> Optional[int]:
    """Whole seconds above 0; None for anything that is no such life."""
    seconds = _seconds_of(life)
    return seconds if seconds is not None and seconds > 0 else None


def _seconds_of(life: Any) -> Optional[int]:
    # Not isinstance, which asks a proxy for the class that it stands for.
    kind = type(life)
    if issubclass(kind, str):
        found = _TEXT.fullmatch(life)
        return int(found[1]) * _UNITS[found[2]] if found else None
    if issubclass(kind, timedelta):
        return None if life.microseconds else life.days * 86_400 + life.seconds
    if issubclass(kind, float):
        return int(life) if life.is_integer() else None
    return int(life) if issubclass(kind, int) and kind is not bool else None
