"""What ``verify`` returns: one of two, told apart by ``if result:``."""

from dataclasses import dataclass
from typing import Literal, Union


@dataclass(frozen=True)
class Verified:
    """A good token: true. ``expires_at`` is in Unix seconds."""

    text: str
    kid: str
    expires_at: int
    #: An older key made it than the one that signs now: sign it again, so that it lives on.
    renew: bool
    ok: Literal[True] = True
    reason: None = None

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True)
class Refused:
    """A token that is refused: false. ``reason`` is ``bad-purpose``, ``malformed``, ``unknown-key``, ``bad-mac`` or ``expired``."""

    reason: str
    ok: Literal[False] = False
    text: None = None
    kid: None = None
    expires_at: None = None
    renew: Literal[False] = False

    def __bool__(self) -> Literal[False]:
        return False


Result = Union[Verified, Refused]
