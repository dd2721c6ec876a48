"""The ring: the keys of one add-on as this process holds them."""

from dataclasses import dataclass
from datetime import datetime
from typing import List, Optional, Tuple

from ._facts import Entry, Facts
from ._secret import Secret
from ._settle import Settle, milliseconds

#: Half the period of plan daily, the shortest.
SHORTEST_LIFE_SECONDS = 43_200


@dataclass(frozen=True)
class Key:
    """A key as it may be shown. ``use`` is ``sign``, ``verify``, ``next``, or ``filler``: nobody ever signed with it."""

    kid: str
    use: str
    version: Optional[int]
    until: Optional[datetime]


@dataclass(frozen=True)
class Held:
    """A key with its text."""

    key: Key
    secret: Secret
    #: The moment until which it is accepted; None: as long as the process runs.
    until_ms: Optional[int] = None


class Ring:
    """Which key signs, and which are accepted, newest first. Plain decisions; the clock is an argument."""

    __slots__ = ("facts", "held", "first", "reason", "guaranteed_life", "_settle")

    def __init__(
        self,
        pair: Tuple[Secret, ...],
        facts: Optional[Facts],
        *,
        max_life: Optional[int],
        started_at_ms: int,
        settle_ms: int,
    ) -> None:
        self.facts = facts
        entries = facts.entries if facts else ()
        second = next((entry for entry in entries if entry.secret is None and entry.use == "verify"), None)
        self.held = _newest_first(pair, facts, entries, second)
        self.first = next(one for one in self.held if one.key.use == "sign")
        self.reason = facts.reason if facts else None
        self.guaranteed_life = _guaranteed_life(facts, max_life)
        self._settle = Settle(facts, second, started_at_ms, settle_ms)

    def settles_until_ms(self, now_ms: int) -> Optional[int]:
        """When the settle time ends; None where it does not last."""
        return self._settle.over_at_ms if self.signing_for(now_ms) is not self.first else None

    def accepted(self, now_ms: int) -> List[Held]:
        return [one for one in self.held if one.until_ms is None or now_ms < one.until_ms]

    def signing(self, now_ms: int, end_ms: int) -> Held:
        """The key that signs now what lives until then."""
        first = self.held.index(self.first)
        return self.held[first + 1] if self._settle.holds(now_ms, end_ms) else self.first

    def signing_for(self, now_ms: int, life: Optional[int] = None) -> Held:
        """The key that signs now what lives so many seconds; as long as it is guaranteed if None."""
        return self.signing(now_ms, now_ms + 1_000 * (self.guaranteed_life if life is None else life))

    def listed(self, now_ms: int, signing: Held) -> List[Held]:
        """For whoever signs with the first of a list and accepts all: the next key, which does not sign yet, is the last."""
        others = [one for one in self.accepted(now_ms) if one is not signing]
        return [signing, *sorted(others, key=lambda one: one.key.use == "next")]

    def newer(self, one: Held) -> List[Held]:
        """Those that stand before it."""
        return list(self.held[: self.held.index(one)])

    def is_older(self, one: Held, now_ms: int) -> bool:
        """Whether it stands behind the key that signs now."""
        signing = self.signing_for(now_ms)
        return one is not signing and one not in self.newer(signing)


def stand_in(before: Ring, secret: Secret) -> Ring:
    """For the time in which no key is to be had: nothing that ``before`` accepted is accepted."""
    made = Ring((secret,), None, max_life=before.guaranteed_life, started_at_ms=0, settle_ms=0)
    made.reason = "revoke"
    return made


def _newest_first(
    pair: Tuple[Secret, ...], facts: Optional[Facts], entries: Tuple[Entry, ...], second: Optional[Entry]
) -> Tuple[Held, ...]:
    signing = next((entry for entry in entries if entry.use == "sign"), None)
    first = Held(Key(pair[0].kid, "sign", signing.version if signing else None, None), pair[0])
    seconds = [Held(_second_of(one, facts, second), one) for one in pair[1:]]
    announced = [_further(entry, entry.secret) for entry in entries if entry.secret and entry.use == "next"]
    further = [_further(entry, entry.secret) for entry in entries if entry.secret and entry.use == "verify"]
    return (*announced, first, *seconds, *further)


def _second_of(secret: Secret, facts: Optional[Facts], second: Optional[Entry]) -> Key:
    if second:
        return Key(second.kid, "verify", second.version, second.until)
    return Key(secret.kid, "filler" if facts else "verify", None, None)


def _further(entry: Entry, secret: Secret) -> Held:
    until_ms = None if entry.until is None else milliseconds(entry.until)
    return Held(Key(entry.kid, entry.use, entry.version, entry.until), secret, until_ms)


def _guaranteed_life(facts: Optional[Facts], max_life: Optional[int]) -> int:
    if facts and facts.good_for is not None:
        return facts.good_for if max_life is None else min(facts.good_for, max_life)
    return SHORTEST_LIFE_SECONDS if max_life is None else max_life
