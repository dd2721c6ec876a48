"""Checks what an app asks for, in the order of the rules: whatever is not of its form is an error with a code."""

from typing import Any

from ._derive import purpose_in, text_in
from ._errors import SecureKeyError, bad_option
from ._life import seconds_of
from ._live import Accepted
from ._token import LONGEST_TEXT_BYTES
from ._wholes import shown_seconds, whole_between


def checked_purpose(purpose: Any) -> str:
    named = purpose_in(purpose)
    if named is None:
        sentence = "purpose must be 1 to 100 characters of A-Z a-z 0-9 . _ : / - (bad-purpose)"
        raise SecureKeyError("bad-purpose", sentence, place="purpose")
    return named


def checked_text(text: Any) -> bytes:
    """Its UTF-8."""
    given, content = text_in(text), None
    if given is not None:
        try:
            content = given.encode("utf-8")
        except UnicodeEncodeError:
            pass
    if content is None:
        raise SecureKeyError("bad-text", "text must be a str of valid Unicode. (bad-text)", place="text")
    if len(content) > LONGEST_TEXT_BYTES:
        sentence = f"text must be {LONGEST_TEXT_BYTES} bytes of UTF-8 at most. (text-too-long)"
        raise SecureKeyError("text-too-long", sentence, place="text")
    return content


def checked_life(life: Any, place: str) -> int:
    """In seconds."""
    seconds = seconds_of(life)
    if seconds is None:
        wanted = "a whole number of seconds above 0, a text such as 30m, 12h or 7d, or a timedelta"
        raise SecureKeyError("bad-life", f"{place} must be {wanted}. (bad-life)", place=place)
    return seconds


def checked_end(life: Any, guaranteed: int) -> int:
    """In seconds; not longer than what is signed is surely good."""
    seconds = checked_life(life, "expires_in")
    if seconds > guaranteed:
        sentence = (
            f"expires_in is {shown_seconds(seconds)}, but a signature is good for {guaranteed} seconds at least, and not "
            "surely longer. (life-too-long)"
        )
        raise SecureKeyError("life-too-long", sentence, place="expires_in")
    return seconds


def checked_accept(accept: Any) -> Accepted:
    """Secrets of the time before the add-on; in a closure, where nothing shows them."""
    texts = [text_in(one) for one in accept] if type(accept) in (list, tuple) else [None]
    if not all(texts):
        raise bad_option("accept", "a list of texts that are not empty")
    given = tuple(text for text in texts if text)
    return lambda: given


def checked_length(length: Any) -> int:
    """In bytes."""
    size = whole_between(length, 16, 64)
    if size is None:
        raise SecureKeyError("bad-length", "length must be 16 to 64 bytes. (bad-length)", place="length")
    return size
