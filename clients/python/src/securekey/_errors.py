"""The one error of this package."""

from typing import Optional, Union

_SENTENCES = {
    "missing": "is not set",
    "not-two-keys": "must be two keys with one comma between them and nothing else",
    "bad-key": "must be two keys of 64 digits 0-9 and A-F each",
    "same-key-twice": "must be two keys that differ",
}

_SOURCE_SENTENCES = {
    "missing": "is not set, and refresh needs it",
    "bad-url": "must be the address of the API, as https://.../v1",
    "bad-token": "must be an API token with the scope keyring, as sk_api_...",
}


class SecureKeyError(ValueError):
    """What was refused, by ``code``; where it was found, by ``variable`` and ``place``. Holds no key and no text.

    ``place`` is 1 or 2 for a key of the variable, or the name of an argument.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        variable: Optional[str] = None,
        place: Union[int, str, None] = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.variable = variable
        self.place = place

    def __repr__(self) -> str:
        return f"SecureKeyError({self.code!r}, {str(self)!r})"

    def __reduce__(self) -> "tuple[object, ...]":
        return (_restored, (self.code, str(self), self.variable, self.place))


def _restored(
    code: str, sentence: str, variable: Optional[str], place: Union[int, str, None]
) -> SecureKeyError:
    return SecureKeyError(code, sentence, variable=variable, place=place)


def unusable_keys(variable: str, code: str, place: Optional[int]) -> SecureKeyError:
    """The error for a ``SECURE_KEY`` that cannot be used."""
    where = "" if place is None else f" Look at key {place}."
    return SecureKeyError(
        code, f"{variable} {_SENTENCES[code]}.{where} ({code})", variable=variable, place=place
    )


def unusable_source(code: str, *, variable: Optional[str] = None, place: Optional[str] = None) -> SecureKeyError:
    """The error for an address or a token that cannot be used. What was given is not shown."""
    sentence = f"{variable or place} {_SOURCE_SENTENCES[code]}. ({code})"
    return SecureKeyError(code, sentence, variable=variable, place=place)


def bad_option(name: str, wanted: str) -> SecureKeyError:
    """The error for an argument that is not of its form. What was given is not shown."""
    return SecureKeyError("bad-option", f"{name} must be {wanted}. (bad-option)", place=name)
