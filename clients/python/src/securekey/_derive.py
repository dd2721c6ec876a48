"""HKDF-SHA256 (RFC 5869), without salt."""

import hashlib
import hmac
import re
from typing import Any, Optional

_PURPOSE = re.compile(r"[A-Za-z0-9._:/-]{1,100}")


def purpose_in(value: Any) -> Optional[str]:
    """The purpose that this names, 1 to 100 characters of ``A-Z a-z 0-9 . _ : / -``; else None."""
    text = text_in(value)
    return text if text is not None and _PURPOSE.fullmatch(text) else None


def text_in(value: Any) -> Optional[str]:
    """The characters of a str as a plain one; None for anything else.

    A subclass may show itself as another text: a member of an Enum does in an f-string since Python 3.11. And ``isinstance``
    asks proxies for the class they stand for, and these may raise.
    """
    return str.__str__(value) if issubclass(type(value), str) else None


def hkdf(secret: bytes, info: str, length: int) -> bytes:
    """The key that this key gives for this purpose."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    block, made = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = hmac.new(extracted, block + info.encode("ascii") + bytes([count]), hashlib.sha256).digest()
        made += block
    return made[:length]
