"""The thread of live pick-up: one in each process that uses the ring, from its first use on."""

import os
import queue
import threading
import weakref
from typing import Any, Callable, Dict, Optional

from ._poll import Poll
from ._reply import Outcome

#: Stands for this process: a child that was forked has another.
_process = object()
_READY_SECONDS = 10.0
#: So long does the first use wait where the keys were read more than an hour ago.
_OLD_SECONDS = 2.0
_LONGEST_SLEEP_SECONDS = 7_200.0

Start = Callable[[Callable[[], None]], object]


def _is_forked() -> None:
    global _process
    _process = object()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_is_forked)


def start_thread(run: Callable[[], None]) -> None:
    """A daemon: it keeps no process alive."""
    threading.Thread(target=run, name="securekey", daemon=True).start()


class _Here:
    """What belongs to one process. Locks that were held while it was forked stay held for ever: it has its own."""

    def __init__(self) -> None:
        # A SimpleQueue, unlike an Event, may be told from a signal's handler and from the garbage collector.
        self.wake: "queue.SimpleQueue[None]" = queue.SimpleQueue()
        self.first = threading.Event()


class Background:
    """Nothing is started before the ring is used: a server that forks loads the app in a process that uses no key."""

    def __init__(self, poll: Poll, start: Start = start_thread) -> None:
        self._poll, self._start = poll, start
        self._begun: Optional[object] = None
        self._here: Dict[object, _Here] = {}

    def touch(self) -> None:
        """At each use of the keys. Starts the thread at the first one in a process, and never raises."""
        if self._begun is not _process:
            self._begin(_process)

    def _begin(self, process: object) -> None:
        mine = _Here()
        # The first to come starts it. No lock is taken: it could be one that was held while the process was forked.
        here = self._here.setdefault(process, mine)
        if here is mine:
            try:
                self._poll.begin()
                self._start(_turns(self, here))
            except Exception:  # noqa: BLE001 - no threads here, or none any more: the keys stay as they are
                self._here.pop(process, None)
                return
        # A worker may be forked from a server that has been running for weeks.
        if self._poll.is_old:
            here.first.wait(_OLD_SECONDS)
        self._begun = process

    def early(self) -> None:
        here = self._here.get(_process)
        if here and self._poll.early():
            here.wake.put(None)

    def ready(self, seconds: float) -> bool:
        self.touch()
        here = self._here.get(_process)
        if here:
            here.first.wait(max(0.0, min(seconds, _READY_SECONDS)))
        return self._poll.state == "fresh"

    def close(self) -> None:
        self._poll.close()
        here = self._here.get(_process)
        if here:
            here.first.set()
            here.wake.put(None)

    def once(self) -> Outcome:
        """What the service answers now. Nothing is changed by it, and nobody is told."""
        return self._poll.once()

    def told(self) -> Dict[str, Any]:
        return self._poll.stats()


def _turns(background: Background, here: _Here) -> Callable[[], None]:
    """Turns for as long as anybody holds the ring."""
    known = weakref.ref(background, lambda _: here.wake.put(None))

    def run() -> None:
        while True:
            alive = known()
            wait = alive._poll.turn(here.first.set) if alive else None
            if wait is None:
                return
            del alive
            try:
                here.wake.get(timeout=min(wait, _LONGEST_SLEEP_SECONDS))
            except queue.Empty:
                pass

    return run
