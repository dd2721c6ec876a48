"""What a ring has seen, in numbers."""

import os
import threading
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

REASONS = ("bad-purpose", "malformed", "unknown-key", "bad-mac", "expired")
_TOLD_AT_MOST_EVERY_MS = 30_000

#: How many were good, and how many had a bad mac.
Seen = Tuple[int, int]


class Counts:
    """Counts by key id and by reason, of closed lists, so that nobody outside can make them grow. Thread-safe."""

    def __init__(self, kids: Iterable[str], on_stale: Optional[Callable[[str], object]]) -> None:
        # A signal may come while the lock is held, and its handler may ask for the numbers.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._signed = dict.fromkeys(kids, 0)
        self._verified = dict(self._signed)
        self._bad = dict(self._signed)
        self._reported: Dict[str, Seen] = {}
        self._refused = dict.fromkeys(REASONS, 0)
        self._on_stale = on_stale
        self._told_at_ms: Optional[int] = None

    def hold(self, kids: Iterable[str]) -> None:
        """These are the kids of the ring from now on. What was counted of others is forgotten."""
        kept = list(kids)
        with self._guard():
            self._signed = _of(kept, self._signed)
            self._verified = _of(kept, self._verified)
            self._bad = _of(kept, self._bad)

    def signed(self, kid: str) -> None:
        with self._guard():
            _count(self._signed, kid)

    def verified(self, kid: str) -> None:
        with self._guard():
            _count(self._verified, kid)

    def refused(self, reason: str, kid: Optional[str] = None) -> None:
        """``kid``: of the key that the token claims, where its mac is bad."""
        with self._guard():
            self._refused[reason] += 1
            if kid is not None:
                _count(self._bad, kid)

    def knows(self, kid: str) -> bool:
        return kid in self._signed

    def seen(self) -> Dict[str, Seen]:
        """By kid: how many were good and how many had a bad mac, of all that was not reported."""
        with self._guard():
            return {kid: self._since(kid) for kid in self._verified}

    def reported(self, told: Mapping[str, Seen]) -> None:
        """These were told, and are not told again."""
        with self._guard():
            before = {kid: self._reported.get(kid, (0, 0)) for kid in self._verified}
            self._reported = {kid: _sum(one, told.get(kid, (0, 0))) for kid, one in before.items()}

    def _since(self, kid: str) -> Seen:
        good, bad = self._reported.get(kid, (0, 0))
        return self._verified[kid] - good, self._bad[kid] - bad

    def stale(self, kid: str, now_ms: int) -> None:
        """Tells of a key that the ring does not hold, once in 30 seconds at most. What the listener raises is swallowed."""
        if self._on_stale is None or self.knows(kid):
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

    def read(self) -> Dict[str, Dict[str, Any]]:
        with self._guard():
            signed, verified = dict(self._signed), dict(self._verified)
            return {"signed": signed, "verified": verified, "refused": dict(self._refused)}

    def _guard(self) -> "threading.RLock":
        # A process that was forked while another thread held the lock would wait for ever.
        if self._pid != os.getpid():
            self._lock, self._pid = threading.RLock(), os.getpid()
        return self._lock


def _of(kids: List[str], counted: Mapping[str, int]) -> Dict[str, int]:
    return {kid: counted.get(kid, 0) for kid in kids}


def _count(counted: Dict[str, int], kid: str) -> None:
    # A ring that was replaced a moment ago may still be read, and its keys are counted no more.
    if kid in counted:
        counted[kid] += 1


def _sum(one: Seen, other: Seen) -> Seen:
    return one[0] + other[0], one[1] + other[1]
