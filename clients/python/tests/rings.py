"""What processes are given over the life of a ring, and the clock that they share."""

import hashlib
import json
from datetime import datetime, timedelta, timezone

from securekey import keyring

PERIOD = timedelta(days=14)
START = datetime(2026, 3, 3, 12, tzinfo=timezone.utc)


def key(number):
    """The text of a key of the add-on, by its version."""
    return hashlib.sha256(f"key {number}".encode()).hexdigest().upper()


def kid(number):
    return hashlib.sha256(key(number).encode()).hexdigest()[:8]


def rotated_at(generation):
    return START + generation * PERIOD


class Clock:
    """Unix seconds of a time that only a test moves."""

    def __init__(self, at=START):
        self.at = at

    def __call__(self):
        return self.at.timestamp()

    def pass_by(self, **duration):
        self.at += timedelta(**duration)


def iso(date):
    return date.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def variables(generation, *, announced=False, reason="scheduled", secret_key=None, keys=None, **fields):
    """The two config vars after so many rotations: keys 2 and 1 at first, then 3 and 2, ..."""
    first, second, at = generation + 2, generation + 1, rotated_at(generation)
    entries = [
        {"kid": kid(first), "version": first, "use": "sign", "until": None},
        {"kid": kid(second), "version": second, "use": "verify", "until": iso(at + PERIOD)},
    ]
    if announced:
        coming = first + 1
        entries.append({"kid": kid(coming), "version": coming, "use": "next", "until": None, "key": key(coming)})
    told = {
        "v": 1,
        "keys": entries if keys is None else keys,
        "reason": reason,
        "rotated_at": iso(at),
        "next_rotation_at": iso(at + PERIOD),
        "good_for": int(PERIOD.total_seconds() // 2),
        "mac": "1.0.x",
        **fields,
    }
    return {
        "SECURE_KEY": secret_key or f"{key(first)},{key(second)}",
        "SECURE_KEYRING": json.dumps(told, separators=(",", ":")),
    }


def revoked(generation):
    """After a revoke: two keys that nobody knew before."""
    first, second = generation + 102, generation + 101
    return variables(
        generation,
        reason="revoke",
        secret_key=f"{key(first)},{key(second)}",
        keys=[{"kid": kid(first), "version": first, "use": "sign", "until": None}],
    )


def ring(generation, clock, *, started_at=None, settle=0, **told):
    """A process that has been running for long, unless it says its start."""
    options = {name: told.pop(name) for name in ("max_life", "on_stale", "on_warning") if name in told}
    env = told.pop("env", None) or variables(generation, **told)
    started = clock() if started_at is None else started_at
    return keyring(env=env, now=clock, started_at=started, settle=settle, **options)
