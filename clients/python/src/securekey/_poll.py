"""Live pick-up: asks the service for the keys of a ring, and gives the ring what it is answered."""

import logging
import os
import random
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from . import _check_in, _pace
from ._clock import Clock
from ._facts import Facts
from ._http import Answer, Unanswered, ask
from ._reply import Ended, Failed, Known, Outcome, Revoked, Taken, Unchanged, judged, version_of
from ._ring import Ring, stand_in
from ._secret import Secret
from ._settle import milliseconds
from ._source import Source
from ._told import Told

if TYPE_CHECKING:
    from ._keyring import Keyring

_EARLY_EVERY_SECONDS = 30.0
_OLD_AFTER_SECONDS = 3_600.0
_TOLD_AT_FAILURE = 3
#: If something breaks that cannot.
_AFTER_A_FAULT_SECONDS = 300.0

#: A ring of these keys, whose first one this process holds since that moment.
MakeRing = Callable[[Tuple[Secret, Secret], Facts, int], Ring]


@dataclass(frozen=True)
class Outside:
    """What a test replaces."""

    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    ask: Callable[..., Answer] = ask


class Poll:
    """One thread takes the turns; any thread may ask for an early one. A process that was forked begins anew."""

    def __init__(
        self, ring: "Keyring", source: Source, *, clock: Clock, since_ms: int, make: MakeRing, told: Told, outside: Outside
    ) -> None:
        self._keyring, self._source, self._clock, self._make = ring, source, clock, make
        self._told, self._outside = told, outside
        facts = ring._ring.facts
        self._version = version_of(facts) if facts else None
        self._since_ms = since_ms
        self._etag: Optional[str] = None
        self._pid = os.getpid()
        self._counts = dict.fromkeys(("taken", "unchanged", "failed", "check_ins", "check_ins_failed"), 0)
        self._in_a_row, self._failure, self._stopped = 0, "", ""
        self._revoked_kids: Optional[FrozenSet[str]] = None
        self._is_answered = self._is_told_of_failures = self._is_closed = False
        self._held_at = self._due = outside.monotonic()
        self.begin()

    def begin(self) -> None:
        """In a process that has just been forked, nothing is under way, and what was counted is not told twice."""
        self._is_asking, self._early_at, self._not_before = False, float("-inf"), float("-inf")
        self._due = self._outside.monotonic()
        if self.is_forked:
            self._keyring._counts.reported(self._keyring._counts.seen())

    @property
    def is_forked(self) -> bool:
        return self._pid != os.getpid()

    @property
    def is_old(self) -> bool:
        """Whether the keys were read so long ago that a rotation may have passed."""
        return self._outside.monotonic() - self._held_at > _OLD_AFTER_SECONDS

    @property
    def state(self) -> str:
        if self._stopped:
            return "stopped"
        if self._revoked_kids is not None:
            return "revoked"
        if self._in_a_row:
            return "failing"
        return "fresh" if self._is_answered else "starting"

    def stats(self) -> Dict[str, Any]:
        told = {"in_a_row": self._in_a_row, "failure": self._failure or None, "stopped": self._stopped or None}
        return {"state": self.state, **self._counts, **told}

    def close(self) -> None:
        self._is_closed = True

    def early(self) -> bool:
        """Plans the next turn for now, if it may be. Never waits, so that a signal's handler may verify."""
        now = self._outside.monotonic()
        if self._is_over or self._is_asking or now < self._not_before or now - self._early_at < _EARLY_EVERY_SECONDS:
            return False
        self._early_at = self._due = now
        return True

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self._stopped != ""

    def turn(self, is_judged: Callable[[], object]) -> Optional[float]:
        """Asks if it is time to, and returns the seconds until it is again; None at the end. Never raises."""
        if self._is_over:
            return None
        if self._due <= self._outside.monotonic():
            self._is_asking = True
            try:
                self._take_turn(is_judged)
            except Exception:  # noqa: BLE001 - the thread goes on
                self._due = self._outside.monotonic() + _AFTER_A_FAULT_SECONDS
            finally:
                self._is_asking = False
                is_judged()
        return None if self._is_over else max(0.0, self._due - self._outside.monotonic())

    def _take_turn(self, is_judged: Callable[[], object]) -> None:
        outcome, headers = self._asked()
        if self._is_closed:
            return
        tell = self._settle(outcome)
        self._due = self._outside.monotonic() + self._wait(outcome, headers)
        is_judged()
        for one in tell:
            one()
        if isinstance(outcome, (Taken, Unchanged)):
            self._check_in()

    def once(self) -> Outcome:
        """What the service answers now. Nothing is changed by it."""
        return self._asked()[0]

    def _asked(self) -> Tuple[Outcome, Mapping[str, str]]:
        headers = {**self._headers(), **({"If-None-Match": self._etag} if self._etag else {})}
        try:
            answer = self._outside.ask(self._source.address, "GET", "/keyring", headers)
        except Unanswered as error:
            return Failed(error.word), {}
        known = Known(self._keyring._ring, self._version, self._revoked_kids, self._etag is not None)
        return judged(answer, known), answer.headers

    def _headers(self) -> Dict[str, str]:
        authorization = {"Authorization": f"Bearer {self._source.token()}"}
        return {**authorization, "Accept": "application/json", "Accept-Encoding": "identity"}

    def _settle(self, outcome: Outcome) -> List[Callable[[], None]]:
        """Changes what is held, and returns what is to be told of it."""
        if isinstance(outcome, Failed):
            return self._failed(outcome.word)
        self._in_a_row, self._failure, self._is_answered, self._is_told_of_failures = 0, "", True, False
        if isinstance(outcome, Ended):
            self._stopped = code = outcome.code
            sentence = f"the service does not give its keys any more: {code}. Those that are held stay."
            return [self._warning("stopped", sentence, logging.ERROR), lambda: self._told.stopped(code)]
        if isinstance(outcome, Revoked):
            return self._revoked()
        self._held_at = self._outside.monotonic()
        if isinstance(outcome, Unchanged):
            self._counts["unchanged"] += 1
            return []
        self._counts["taken"] += 1
        return self._taken(outcome)

    def _failed(self, word: str) -> List[Callable[[], None]]:
        self._counts["failed"] += 1
        self._in_a_row, self._failure, self._is_answered = self._in_a_row + 1, word, True
        if self._in_a_row < _TOLD_AT_FAILURE or self._is_told_of_failures:
            return []
        self._is_told_of_failures = True
        return [self._warning("failing", f"the service cannot be asked for its keys: {word}. Those that are held stay.")]

    def _taken(self, taken: Taken) -> List[Callable[[], None]]:
        before = self._keyring._ring
        if taken.pair[0].kid != before.first.key.kid:
            # Without a time there is no settle time.
            self._since_ms = self._now_ms() or 0
        made = self._make(taken.pair, taken.facts, self._since_ms)
        self._keyring._swap(made)
        self._etag, self._version, self._revoked_kids = taken.etag, version_of(taken.facts), None
        is_other = [one.key for one in made.held] != [one.key for one in before.held]
        return [self._changed()] if is_other else []

    def _revoked(self) -> List[Callable[[], None]]:
        self._etag = None
        if self._revoked_kids is not None:
            return []
        before = self._keyring._ring
        self._revoked_kids = frozenset(one.key.kid for one in before.held)
        self._keyring._swap(stand_in(before, Secret(secrets.token_hex(32).upper())))
        sentence = "the keys were revoked, and nothing that they signed is accepted. Their successors are not there yet."
        return [self._warning("revoked", sentence), self._changed()]

    def _changed(self) -> Callable[[], None]:
        ring = self._keyring._ring
        return lambda: self._told.changed(ring.signing_for(self._clock.judging_ms()).key.kid, ring.reason)

    def _warning(self, what: str, sentence: str, level: int = logging.WARNING) -> Callable[[], None]:
        named = f"{self._keyring._variable}: {sentence} (refresh-{what})"
        return lambda: self._told.warn(f"refresh-{what}", named, level)

    def _wait(self, outcome: Outcome, headers: Mapping[str, str]) -> float:
        chance, retry_after = self._outside.chance, headers.get("retry-after")
        now_ms, at = self._now_ms(), self._outside.monotonic()
        now = None if now_ms is None else now_ms / 1_000
        if isinstance(outcome, Failed):
            least = _pace.not_before(retry_after, now, chance)
            self._not_before = at + least
            return max(least, _pace.after_failure(self._in_a_row, chance))
        if isinstance(outcome, Revoked):
            wait = _pace.after_revoke(retry_after, now, chance)
            self._not_before = at + wait
            return wait
        ring = self._keyring._ring
        rotation_in = settled_in = None
        if now_ms is not None:
            settled_at_ms = ring.settles_until_ms(now_ms)
            rotation_in = (milliseconds(ring.facts.next_rotation_at) - now_ms) / 1_000 if ring.facts else None
            settled_in = None if settled_at_ms is None else (settled_at_ms - now_ms) / 1_000
        refresh_after = headers.get("refresh-after")
        return _pace.after_answer(refresh_after, chance, rotation_in=rotation_in, settled_in=settled_in)

    def _now_ms(self) -> Optional[int]:
        try:
            return self._clock.now_ms()
        except Exception:  # noqa: BLE001 - a clock that tells no time counts for nothing
            return None

    def _check_in(self) -> None:
        counts = self._keyring._counts
        seen = counts.seen() if self._source.telemetry else None
        signing = self._keyring._ring.signing_for(self._clock.judging_ms()).key
        body = _check_in.body_of(self._source, signing, seen, is_forked=self.is_forked)
        headers = {**self._headers(), "Content-Type": "application/json"}
        try:
            is_heard = 200 <= self._outside.ask(self._source.address, "POST", "/check-ins", headers, body).status < 300
        except Unanswered:
            is_heard = False
        self._counts["check_ins" if is_heard else "check_ins_failed"] += 1
        if is_heard and seen:
            counts.reported(seen)
