"""What frameworks are handed: a text and a list that follow the ring while the process runs."""

from typing import TYPE_CHECKING, Any, Callable, Iterator, List, NoReturn, Optional, Tuple

from ._life import Life

if TYPE_CHECKING:
    from ._keyring import Keyring


#: Secrets that are accepted beside those of the ring.
Accepted = Callable[[], Tuple[str, ...]]


class LiveText(str):
    """A key's text. Whoever encodes or prints it gets the key that signs now; its own characters are those of the first key.

    The settle time ends while a process runs, and frameworks read their secret at each use but hold on to the object.
    """

    _ring: "Keyring"
    _life: Optional[Life]

    def __new__(cls, ring: "Keyring", life: Optional[Life]) -> "LiveText":
        made = super().__new__(cls, ring._settled()[0])
        made._ring, made._life = ring, life
        return made

    def present(self) -> List[str]:
        """The texts of the keys that what they made need not be signed anew: the one that signs now, and newer ones."""
        return self._ring._present(self._life)

    def __str__(self) -> str:
        return self._ring.secrets(self._life)[0]

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __add__(self, other: str) -> str:
        return str(self) + other

    def __radd__(self, other: str) -> str:
        return other + str(self)

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return str(self).encode(encoding, errors)

    def __repr__(self) -> str:
        return f"<a key of {self._ring!r}>"

    def __copy__(self) -> "LiveText":
        return self

    def __deepcopy__(self, memo: Any) -> "LiveText":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a key is not pickled")


def _not_changed(*_: Any) -> NoReturn:
    raise TypeError("these keys follow the ring, and nothing is added to them or taken away; see the option accept")


class LiveTexts(List[str]):
    """The accepted keys at the time of each reading. A reader keeps what it began to read. It cannot be changed."""

    _now: Callable[[], Tuple[str, ...]]

    def __init__(self, now: Callable[[], Tuple[str, ...]]) -> None:
        # What stands in the list itself is read by nobody.
        super().__init__()
        self._now = now

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def __getitem__(self, index: Any) -> Any:
        return self._now()[index]

    def __contains__(self, text: object) -> bool:
        return text in self._now()

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    __hash__ = None

    def __add__(self, other: Any) -> Any:
        return list(self) + other

    def __radd__(self, other: Any) -> Any:
        return other + list(self)

    def copy(self) -> List[str]:
        return list(self)

    def count(self, text: Any) -> int:
        return self._now().count(text)

    def index(self, text: Any, *place: Any) -> int:
        return self._now().index(text, *place)

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"

    # A change of the list itself would be lost without a word: nobody reads what stands in it.
    append = extend = insert = remove = pop = clear = reverse = _not_changed
    sort = _not_changed  # type: ignore[assignment]
    __iadd__ = __imul__ = __delitem__ = _not_changed
    __setitem__ = _not_changed

    def __copy__(self) -> "LiveTexts":
        return self

    def __deepcopy__(self, memo: Any) -> "LiveTexts":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("keys are not pickled")
