"""Reads ``SECURE_KEY``."""

import re
from typing import Optional, Tuple, Union

from ._secret import Secret

KEY = re.compile(r"[0-9A-F]{64}")

Refusal = Tuple[str, Optional[int]]


def read_pair(value: Optional[str]) -> "Union[Tuple[Secret, Secret], Refusal]":
    """The two keys of the variable; or the code of what is wrong, and its place. Nothing is trimmed."""
    if not value:
        return ("missing", None)
    parts = value.split(",")
    if len(parts) != 2:
        return ("not-two-keys", None)
    for place, part in enumerate(parts, 1):
        if not KEY.fullmatch(part):
            return ("bad-key", place)
    if parts[0] == parts[1]:
        return ("same-key-twice", 2)
    return (Secret(parts[0]), Secret(parts[1]))
