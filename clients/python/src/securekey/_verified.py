"""What ``verify`` returns."""

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Verified:
    """A verdict. True if the token is good: then ``text``, ``kid``, ``expires_at`` (Unix seconds) and ``renew`` are those of
    the token; else ``reason`` says why not, and there is no text.
    """

    ok: bool
    text: Optional[str] = None
    kid: Optional[str] = None
    expires_at: Optional[int] = None
    #: An older key made it than the one that signs now: sign it again, so that it lives on.
    renew: bool = False
    reason: Optional[str] = None

    def __bool__(self) -> bool:
        return self.ok
