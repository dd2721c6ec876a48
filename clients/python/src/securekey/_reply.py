"""What an answer of the service is. It is believed as little as the variables are."""

import re
from dataclasses import dataclass
from typing import FrozenSet, Optional, Tuple, Union

from ._facts import Facts, object_in, read_facts
from ._http import Answer
from ._pair import read_pair
from ._ring import Ring
from ._secret import Secret

_ETAG = re.compile(r'(?:W/)?"[!#-~]*"')
_LONGEST_ETAG = 200
_JSON = re.compile(r"application/json\s*(;.*)?", re.IGNORECASE)
_PROBLEM = re.compile(r"application/(?:problem\+)?json\s*(;.*)?", re.IGNORECASE)
_REVOKED = "urn:securekey:problem:keys-revoked"


@dataclass(frozen=True)
class Taken:
    pair: Tuple[Secret, Secret]
    facts: Facts
    etag: Optional[str]


@dataclass(frozen=True)
class Unchanged:
    pass


@dataclass(frozen=True)
class Revoked:
    pass


@dataclass(frozen=True)
class Ended:
    """Nobody asks again: ``unauthenticated``, ``resource-gone``."""

    code: str


@dataclass(frozen=True)
class Failed:
    word: str


Outcome = Union[Taken, Unchanged, Revoked, Ended, Failed]
_ENDS = {401: "unauthenticated", 410: "resource-gone"}


@dataclass(frozen=True)
class Known:
    """What an answer is measured with: the ring that is held, and the version below which none is taken."""

    ring: Ring
    version: Optional[int]
    #: The kids that were held when a revoke began; None: there was none.
    revoked: Optional[FrozenSet[str]]
    asked_with_etag: bool


def judged(answer: Answer, known: Known) -> Outcome:
    """The first that fits."""
    status = answer.status
    if status in _ENDS:
        return Ended(_ENDS[status])
    if status == 304:
        return Unchanged() if known.asked_with_etag else Failed("not-asked")
    if 300 <= status < 400:
        return Failed("redirected")
    if status == 429:
        return Failed("too-many-requests")
    if status == 503 and _type_of(answer) == _REVOKED:
        return Revoked()
    if 400 <= status < 500:
        return Failed("refused")
    if status != 200:
        return Failed("server-error")
    if answer.body is None:
        return Failed("too-large")
    taken = _read(answer)
    return Failed("unreadable") if taken is None else _measured(taken, known)


def _type_of(answer: Answer) -> Optional[object]:
    whole = object_in(_text(answer.body)) if _is_typed(answer, _PROBLEM) else None
    return whole.get("type") if whole else None


def _is_typed(answer: Answer, form: "re.Pattern[str]") -> bool:
    """No compression was asked for, so that what is counted is what was sent."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    return encoding == "identity" and form.fullmatch(answer.headers.get("content-type", "").strip()) is not None


def _text(body: Optional[bytes]) -> str:
    """Empty, which is no JSON, where it is no UTF-8."""
    try:
        return (body or b"").decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _read(answer: Answer) -> Optional[Taken]:
    if not _is_typed(answer, _JSON):
        return None
    whole = object_in(_text(answer.body)) or {}
    secure_key, secure_keyring = whole.get("secure_key"), whole.get("secure_keyring")
    if not isinstance(secure_key, str) or not isinstance(secure_keyring, str):
        return None
    pair = read_pair(secure_key)
    if not isinstance(pair[0], Secret) or not isinstance(pair[1], Secret):
        return None
    facts = read_facts(secure_keyring, pair[0], pair[1])
    if not isinstance(facts, Facts):
        return None
    etag = answer.headers.get("etag", "")
    is_etag = len(etag) <= _LONGEST_ETAG and _ETAG.fullmatch(etag)
    return Taken((pair[0], pair[1]), facts, etag if is_etag else None)


def _measured(taken: Taken, known: Known) -> Outcome:
    version = version_of(taken.facts)
    if known.version is not None and (version < known.version or (known.revoked is not None and version == known.version)):
        return Failed("older")
    if known.revoked and not known.revoked.isdisjoint([*(one.kid for one in taken.pair), *(one.kid for one in taken.facts.entries)]):
        return Failed("older")
    held = {one.key.version: one.key.kid for one in known.ring.held if one.key.version is not None}
    other = [one for one in taken.facts.entries if held.get(one.version, one.kid) != one.kid]
    return Failed("other-key") if other else taken


def version_of(facts: Facts) -> int:
    """Of the key that signs."""
    return next(entry.version for entry in facts.entries if entry.use == "sign")
