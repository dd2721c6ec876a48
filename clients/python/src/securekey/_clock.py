"""The clock of an app, asked at the door: what tells no time signs nothing and lets nothing pass."""

from typing import Callable

from ._errors import bad_option
from ._wholes import milliseconds_of

#: The last second that a token can name.
_LAST_SECOND = 10**11 - 1


class Clock:
    """Whole milliseconds of Unix time."""

    __slots__ = ("_now",)

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now_ms(self) -> int:
        """Raises :class:`SecureKeyError` ``bad-option`` if the clock tells no time."""
        moment = milliseconds_of(self._now())
        if moment is None or not 0 <= moment <= _LAST_SECOND * 1_000:
            raise bad_option("now", "a function that returns the time in Unix seconds")
        return moment

    def judging_ms(self) -> int:
        """The same, and never raises: without a time every token has ended."""
        try:
            return self.now_ms()
        except Exception:  # noqa: BLE001 - verify never raises
            return _LAST_SECOND * 1_000
