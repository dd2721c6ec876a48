"""Whom a ring tells what happens to it. What a listener raises is swallowed: it fails no request and ends no thread."""

import logging
from typing import Callable, Optional

_LOG = logging.getLogger("securekey")

OnWarning = Callable[[str, str], object]
OnChanged = Callable[[str, Optional[str]], object]
OnStopped = Callable[[str], object]


class Told:
    """Warnings go to their listener, or without one to the log ``securekey``. Nothing that is told holds a key."""

    def __init__(
        self,
        on_warning: Optional[OnWarning] = None,
        on_changed: Optional[OnChanged] = None,
        on_stopped: Optional[OnStopped] = None,
    ) -> None:
        self._on_warning, self._on_changed, self._on_stopped = on_warning, on_changed, on_stopped

    def warn(self, code: str, sentence: str, level: int = logging.WARNING) -> None:
        if self._on_warning is None:
            _LOG.log(level, "%s", sentence)
        else:
            _swallowing(self._on_warning, code, sentence)

    def changed(self, kid: str, reason: Optional[str]) -> None:
        _swallowing(self._on_changed, kid, reason)

    def stopped(self, code: str) -> None:
        _swallowing(self._on_stopped, code)


def _swallowing(listener: Optional[Callable[..., object]], *told: object) -> None:
    try:
        if listener:
            listener(*told)
    except (Exception, SystemExit):  # noqa: BLE001
        pass
