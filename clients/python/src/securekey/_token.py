"""The form of a token: ``sk1.<kid>.<exp>.<text>.<mac>``."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any, Optional

from ._derive import hkdf, text_in
from ._secret import Secret

LONGEST_TEXT_BYTES = 8_192
_LONGEST_TOKEN = 12_288
_TOKEN = re.compile(r"(sk1\.([0-9a-f]{8})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]*))\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Token:
    """A well-formed token, not yet believed."""

    kid: str
    expires_at: int
    text: str
    signed: str
    mac: bytes

    def is_made_by(self, secret: Secret, purpose: str) -> bool:
        """Whether this key made it for this purpose, in constant time."""
        return hmac.compare_digest(mac_of(secret, purpose, self.signed), self.mac)


def make_token(secret: Secret, purpose: str, content: bytes, expires_at: int) -> str:
    """A token that holds these bytes of UTF-8 until then, in Unix seconds."""
    signed = f"sk1.{secret.kid}.{expires_at}.{_encoded(content)}"
    return f"{signed}.{_encoded(mac_of(secret, purpose, signed))}"


def mac_of(secret: Secret, purpose: str, signed: str) -> bytes:
    """The MAC of what stands before the last dot. No derived key that an app is given is the key of a token."""
    key = hkdf(bytes(secret), f"securekey/sk1/{purpose}", 32)
    return hmac.new(key, signed.encode("ascii"), hashlib.sha256).digest()


def read_token(value: Any) -> Optional[Token]:
    """The parts of a token; None for anything that is not of the form."""
    given = text_in(value)
    if given is None or len(given) > _LONGEST_TOKEN:
        return None
    found = _TOKEN.fullmatch(given)
    if not found:
        return None
    signed, kid, expires_at, text, mac = found.groups()
    content, tag = _decoded(text), _decoded(mac)
    if content is None or tag is None or len(content) > LONGEST_TEXT_BYTES:
        return None
    try:
        return Token(kid, int(expires_at), content.decode("utf-8"), signed, tag)
    except UnicodeDecodeError:
        return None


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> Optional[bytes]:
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    # Other spare bits, or another length, would be another text for the same bytes.
    return content if _encoded(content) == text else None
