"""Reads ``SECURE_KEYRING``: what the keys of ``SECURE_KEY`` are. Everything in it is checked before it is believed."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Dict, List, NoReturn, Optional, Tuple, Union

from ._pair import KEY
from ._secret import Secret
from ._wholes import whole_between

_LONGEST_TEXT = 8_192
_FORM = 1
_MOST_ENTRIES = 8
_LAST_VERSION = 2**31 - 1
_MOST_DIGITS = 18
_LONGEST_REASON = 40
_LONGEST_GOOD_FOR = 315_360_000
_KID = re.compile(r"[0-9a-f]{8}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_USES = ("sign", "verify", "next")


@dataclass(frozen=True)
class Entry:
    """A key as the keyring lists it. ``secret`` where ``SECURE_KEY`` does not hold it."""

    kid: str
    use: str
    version: int
    until: Optional[datetime]
    secret: Optional[Secret]


@dataclass(frozen=True)
class Facts:
    """A keyring that fits ``SECURE_KEY``. ``good_for`` in seconds, where it says one."""

    entries: Tuple[Entry, ...]
    reason: str
    rotated_at: datetime
    next_rotation_at: datetime
    good_for: Optional[int]


def read_facts(value: Optional[str], first: Secret, second: Secret) -> Union[Facts, str]:
    """The keyring; or the code of the warning that says why it is ignored."""
    if not value:
        return "keyring-missing"
    whole = object_in(value) if len(value) <= _LONGEST_TEXT else None
    if whole is None:
        return "keyring-unreadable"
    if whole_between(whole.get("v"), _FORM, _FORM) is None:
        return "keyring-other-form"
    facts = _facts_of(whole)
    if facts is None:
        return "keyring-unreadable"
    return facts if _fits(facts.entries, first, second) else "keyring-other-keys"


def object_in(value: str) -> Optional[Dict[str, Any]]:
    """The JSON object of a text; None if it is none."""
    try:
        whole = json.loads(value, parse_int=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return whole if isinstance(whole, dict) else None


def _number(digits: str) -> Union[int, float]:
    # Longer ones are no number that is asked for here, and some Pythons refuse to read them.
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _facts_of(whole: Dict[str, Any]) -> Optional[Facts]:
    entries = _entries_of(whole.get("keys"))
    reason = whole.get("reason")
    rotated_at = _date(whole.get("rotated_at"))
    next_rotation_at = _date(whole.get("next_rotation_at"))
    if entries is None or not isinstance(reason, str) or not rotated_at or not next_rotation_at:
        return None
    good_for = whole_between(whole.get("good_for"), 1, _LONGEST_GOOD_FOR)
    return Facts(entries, _cleaned(reason), rotated_at, next_rotation_at, good_for)


def _entries_of(items: Any) -> Optional[Tuple[Entry, ...]]:
    if not isinstance(items, list) or not 1 <= len(items) <= _MOST_ENTRIES:
        return None
    entries: List[Entry] = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("use"), str):
            return None
        # What a later service may list: it is nothing that this reader could use.
        if item["use"] not in _USES:
            continue
        entry = _entry_of(item)
        if entry is None:
            return None
        entries.append(entry)
    uses = [entry.use for entry in entries]
    versions = {entry.version for entry in entries}
    if uses.count("sign") != 1 or uses.count("next") > 1 or len(versions) < len(entries):
        return None
    return tuple(entries)


def _entry_of(item: Dict[str, Any]) -> Optional[Entry]:
    kid, use, version = item.get("kid"), item["use"], whole_between(item.get("version"), 1, _LAST_VERSION)
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        return None
    if version is None:
        return None
    until = _date(item.get("until"))
    if until is None if use == "verify" else item.get("until", "") is not None:
        return None
    if "key" not in item:
        return None if use == "next" else Entry(kid, use, version, until, None)
    key = item["key"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        return None
    return Entry(kid, use, version, until, Secret(key))


def _fits(entries: Tuple[Entry, ...], first: Secret, second: Secret) -> bool:
    without = [entry for entry in entries if entry.secret is None]
    others = [entry for entry in without if entry.use != "sign"]
    signing = [entry for entry in without if entry.use == "sign"]
    if len(signing) != 1 or signing[0].kid != first.kid:
        return False
    if len(others) > 1 or any(entry.kid != second.kid for entry in others):
        return False
    further = [(entry.kid, entry.secret) for entry in entries if entry.secret is not None]
    if any(kid != secret.kid for kid, secret in further):
        return False
    secrets = [first, second, *(secret for _, secret in further)]
    return len({secret.text() for secret in secrets}) == len(secrets)


def _cleaned(text: str) -> str:
    """Apps print it and write it into their logs."""
    return re.sub(r"[^\x20-\x7e]", "?", text[:_LONGEST_REASON])


def _date(value: Any) -> Optional[datetime]:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        date = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return date if 2000 <= date.year <= 2200 else None
