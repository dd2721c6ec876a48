"""Versions of frameworks that a rotation would hurt."""

import re
from typing import Tuple

from ._errors import SecureKeyError


def version_in(text: str) -> Tuple[int, int, int]:
    """The first three numbers of a version: ``3.1.0rc1`` is ``(3, 1, 0)``."""
    numbers = [int(one) for one in re.findall(r"[0-9]{1,6}", text)[:3]]
    major, minor, patch = (numbers + [0, 0, 0])[:3]
    return major, minor, patch


def unsafe(framework: str, version: str, why: str, instead: str) -> SecureKeyError:
    """The error that stops an app at its start, because its people would be logged out, or worse, at a rotation."""
    sentence = f"{framework} {version} {why}. {instead}. (unsafe-framework)"
    return SecureKeyError("unsafe-framework", sentence, place=framework)
