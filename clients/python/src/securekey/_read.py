"""Reads the variables of the add-on at the start of a process."""

import os
import re
import time
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Union

from ._background import Background, start_thread
from ._clock import Clock
from ._derive import text_in
from ._errors import SecureKeyError, bad_option, unusable_keys
from ._facts import Facts, read_facts
from ._keyring import Keyring
from ._life import Life, seconds_of
from ._pair import read_pair
from ._poll import Outside, Poll
from ._ring import Ring
from ._secret import Secret
from ._source import Source, read_source
from ._told import OnChanged, OnStopped, OnWarning, Told
from ._wholes import milliseconds_of

_LONGEST_MAX_LIFE = 315_360_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_WARNINGS = {
    "keyring-missing": "is not set",
    "keyring-unreadable": "cannot be read",
    "keyring-other-form": "has a form that this version of securekey does not know",
    "keyring-other-keys": "is not about the keys of {pair}",
}
#: A process starts when it imports this.
_STARTED_AT = time.time()
_SETTLE_SECONDS = 600
#: A process that asks once an hour must know a key before another signs with it.
_SETTLE_WITH_REFRESH_SECONDS = 4_200


def keyring(
    *,
    var: str = "SECURE_KEY",
    value: Optional[str] = None,
    keyring_value: Optional[str] = None,
    env: Optional[Mapping[str, str]] = None,
    settle: Optional[float] = None,
    max_life: Optional[Life] = None,
    now: Callable[[], float] = time.time,
    started_at: Optional[float] = None,
    on_warning: Optional[OnWarning] = None,
    on_stale: Optional[Callable[[str], object]] = None,
    refresh: Union[bool, Mapping[str, Any], None] = None,
    on_changed: Optional[OnChanged] = None,
    on_stopped: Optional[OnStopped] = None,
) -> Keyring:
    """Reads ``SECURE_KEY`` and ``SECURE_KEYRING``. Call it once, at the start: it stops an app whose keys are unusable.

    ``var``: another variable; its keyring's name has ``RING`` behind it. ``value``, ``keyring_value``: the texts themselves.
    ``settle``: seconds of the settle time, 0 for none; 600 if it is not told, and 4,200 with ``refresh``. ``max_life``: how long the app's signatures live at most.
    ``now``, ``started_at``: the clock and the start of this process, in Unix seconds. ``on_warning(code, message)`` is told
    why the keyring is ignored; without it the log ``securekey`` is. ``on_stale(kid)`` is told, once in 30 seconds at most,
    of a token whose key this process does not know.

    ``refresh``: True, or a dict with any of ``url``, ``token``, ``app``, ``process`` and ``telemetry``: the ring asks the
    service for its keys while the process runs. ``on_changed(kid, reason)`` is told of other keys, ``on_stopped(code)`` when
    it asks no more; both in the thread that asks.

    Raises :class:`SecureKeyError`: ``missing``, ``not-two-keys``, ``bad-key``, ``same-key-twice``, ``bad-url``, ``bad-token``,
    ``bad-option``.
    """
    listeners = {"on_warning": on_warning, "on_stale": on_stale, "on_changed": on_changed, "on_stopped": on_stopped}
    options = (settle, max_life, now, started_at, refresh, listeners)
    var = text_in(var) or ""
    outcome = _outcome(var, value, keyring_value, env, options)
    # An error report lists the locals of each frame.
    del value, keyring_value, env, refresh, options
    if isinstance(outcome, SecureKeyError):
        raise outcome from None
    made, warning = outcome
    if warning is not None:
        _warn(warning, var, on_warning if callable(on_warning) else None)
    return made


def _outcome(
    var: str, value: Any, keyring_value: Any, env: Any, options: Tuple[Any, ...]
) -> "Union[SecureKeyError, Tuple[Keyring, Optional[str]]]":
    """The keyring with the warning about its facts; or what is wrong. Never raises, so that no frame with a key is reported."""
    settle, max_life, now, started_at, refresh, listeners = options
    texts = _texts(var, value, keyring_value, env)
    if isinstance(texts, SecureKeyError):
        return texts
    if settle is None:
        settle = _SETTLE_WITH_REFRESH_SECONDS if refresh else _SETTLE_SECONDS
    settle_ms = milliseconds_of(settle)
    if settle_ms is None or settle_ms < 0:
        return bad_option("settle", "a number of seconds, 0 or more")
    most = None if max_life is None else seconds_of(max_life)
    if max_life is not None and (most is None or most > _LONGEST_MAX_LIFE):
        return bad_option("max_life", f"a life of 1 to {_LONGEST_MAX_LIFE} seconds")
    started_at_ms = milliseconds_of(_STARTED_AT if started_at is None else started_at)
    if started_at_ms is None:
        return bad_option("started_at", "a moment in Unix seconds")
    for name, called in (("now", now), *listeners.items()):
        if not callable(called) and (called is not None or name == "now"):
            return bad_option(name, "a function")
    pair = read_pair(texts[0])
    if not isinstance(pair[0], Secret) or not isinstance(pair[1], Secret):
        return unusable_keys(var, str(pair[0]), pair[1] if isinstance(pair[1], int) else None)
    found = None if value is not None and keyring_value is None else read_facts(texts[1], pair[0], pair[1])
    facts = found if isinstance(found, Facts) else None
    source = read_source(refresh, var, env if isinstance(env, Mapping) else os.environ)
    if isinstance(source, SecureKeyError):
        return source

    def make(keys: Tuple[Secret, ...], told: Optional[Facts], since_ms: int) -> Ring:
        return Ring(keys, told, max_life=most, started_at_ms=since_ms, settle_ms=settle_ms or 0)

    clock = Clock(now)
    made = Keyring(var, make((pair[0], pair[1]), facts, started_at_ms), clock=clock, on_stale=listeners["on_stale"])
    if source:
        told = Told(listeners["on_warning"], listeners["on_changed"], listeners["on_stopped"])
        _follow(made, source, clock=clock, since_ms=started_at_ms, make=make, told=told)
    return made, found if isinstance(found, str) else None


def _follow(made: Keyring, source: Source, **options: Any) -> None:
    replaced: Dict[str, Any] = dict(source.outside or {})
    start = replaced.pop("start", start_thread)
    made._background = Background(Poll(made, source, outside=Outside(**replaced), **options), start)


def _texts(
    var: str, value: Any, keyring_value: Any, env: Any
) -> "Union[SecureKeyError, Tuple[Optional[str], Optional[str]]]":
    if not _VARIABLE.fullmatch(var):
        return bad_option("var", "the name of an environment variable")
    for name, given in (("value", value), ("keyring_value", keyring_value)):
        if given is not None and text_in(given) is None:
            return bad_option(name, "a str")
    if value is not None:
        return text_in(value), text_in(keyring_value)
    environment = os.environ if env is None else env
    if not isinstance(environment, Mapping):
        return bad_option("env", "a mapping of names to texts")
    found = environment.get(var)
    told = environment.get(f"{var}RING") if keyring_value is None else keyring_value
    if any(given is not None and text_in(given) is None for given in (found, told)):
        return bad_option("env", "a mapping of names to texts")
    return text_in(found), text_in(told)


def _warn(code: str, var: str, on_warning: Optional[OnWarning]) -> None:
    sentence = f"{var}RING {_WARNINGS[code].format(pair=var)}: it is ignored, and {var} alone is used. ({code})"
    Told(on_warning).warn(code, sentence)
