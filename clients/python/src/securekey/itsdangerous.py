"""Serializers of itsdangerous that follow the ring."""

from typing import TYPE_CHECKING, Any, Callable, Dict, NoReturn, Optional

from ._life import Life

if TYPE_CHECKING:
    from ._keyring import Keyring


class LiveSerializer:
    """Whatever is called on it is called on a serializer that was just made with the present keys."""

    __slots__ = ("_make", "_name")

    def __init__(self, make: Callable[[], Any], name: str) -> None:
        self._make = make
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._make(), name)

    def __repr__(self) -> str:
        return f"<{self._name} with the present keys>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a serializer is not pickled: it holds keys")


def live_serializer(
    ring: "Keyring", kind: Callable[..., Any], life: Optional[Life], options: Dict[str, Any]
) -> LiveSerializer:
    """A serializer of this class. It wants the key that signs at the end of its list."""

    def make() -> Any:
        return kind(ring.secrets(life)[::-1], **options)

    # A trial, with no key: options that do not fit are refused at once.
    ring._listed(life)
    kind(["trial"], **options)
    return LiveSerializer(make, kind.__name__)
