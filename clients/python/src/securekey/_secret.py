"""Key texts, out of sight."""

import hashlib
from typing import Any, Callable, NoReturn


class Secret:
    """A key's text that is seen by nobody who prints, dumps or copies what holds it."""

    __slots__ = ("_reveal", "kid")

    _reveal: Callable[[], str]
    kid: str

    def __init__(self, text: str) -> None:
        # In a closure: vars(), debuggers and error reports list attributes.
        self._reveal = lambda: text
        self.kid = kid_of(text)

    def text(self) -> str:
        return self._reveal()

    def __bytes__(self) -> bytes:
        return bytes.fromhex(self._reveal())

    def __repr__(self) -> str:
        return f"<key {self.kid}>"

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: Any) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a key is not pickled")


def kid_of(text: str) -> str:
    """The key id: the first 8 hex digits of the SHA-256 of the key's text."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:8]
