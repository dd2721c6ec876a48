"""HKDF-SHA256 (RFC 5869), without salt."""

import hashlib
import hmac
import re
from typing import Any

_PURPOSE = re.compile(r"[A-Za-z0-9._:/-]{1,100}")


def is_purpose(value: Any) -> bool:
    """Whether this names a purpose: 1 to 100 characters of ``A-Z a-z 0-9 . _ : / -``."""
    return is_text(value) and _PURPOSE.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    """Like ``isinstance(value, str)``, which asks proxies for the class they stand for, and these may raise."""
    return issubclass(type(value), str)


def hkdf(secret: bytes, info: str, length: int) -> bytes:
    """The key that this key gives for this purpose."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    block, made = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = hmac.new(extracted, block + info.encode("ascii") + bytes([count]), hashlib.sha256).digest()
        made += block
    return made[:length]
