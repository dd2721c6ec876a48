"""What a ring has seen, in numbers."""

import os
import threading
from typing import Callable, Dict, Iterable, Optional

REASONS = ("bad-purpose", "malformed", "unknown-key", "bad-mac", "expired")
_TOLD_AT_MOST_EVERY_MS = 30_000


class Counts:
    """Counts by key id and by reason, of closed lists, so that nobody outside can make them grow. Thread-safe."""

    def __init__(self, kids: Iterable[str], on_stale: Optional[Callable[[str], object]]) -> None:
        # A signal may come while the lock is held, and its handler may ask for the numbers.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._signed = dict.fromkeys(kids, 0)
        self._verified = dict(self._signed)
        self._refused = dict.fromkeys(REASONS, 0)
        self._on_stale = on_stale
        self._told_at_ms: Optional[int] = None

    def signed(self, kid: str) -> None:
        with self._guard():
            self._signed[kid] += 1

    def verified(self, kid: str) -> None:
        with self._guard():
            self._verified[kid] += 1

    def refused(self, reason: str) -> None:
        with self._guard():
            self._refused[reason] += 1

    def stale(self, kid: str, now_ms: int) -> None:
        """Tells of a key that the ring does not hold, once in 30 seconds at most. What the listener raises is swallowed."""
        if self._on_stale is None or kid in self._signed:
            return
        with self._guard():
            told = self._told_at_ms
            # A clock that was set back must not silence it for longer.
            if told is not None and abs(now_ms - told) < _TOLD_AT_MOST_EVERY_MS:
                return
            self._told_at_ms = now_ms
        try:
            self._on_stale(kid)
        except Exception:  # noqa: BLE001 - a listener never fails a request
            pass

    def read(self) -> Dict[str, Dict[str, int]]:
        with self._guard():
            signed, verified = dict(self._signed), dict(self._verified)
            return {"signed": signed, "verified": verified, "refused": dict(self._refused)}

    def _guard(self) -> "threading.RLock":
        # A process that was forked while another thread held the lock would wait for ever.
        if self._pid != os.getpid():
            self._lock, self._pid = threading.RLock(), os.getpid()
        return self._lock
