"""What ``refresh`` says: where a ring asks for its keys, and with which token."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Tuple, Union

from ._derive import text_in
from ._errors import SecureKeyError, bad_option, unusable_source

_TOKEN = re.compile(r"sk_[A-Za-z0-9_-]{1,200}")
_NAME = re.compile(r"[ -~]{1,64}")
_HOST = r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
_URL = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?((?:/[A-Za-z0-9._~-]{{1,100}}){{0,10}}/v1)/?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OPTIONS = ("url", "token", "app", "process", "telemetry", "outside")


@dataclass(frozen=True)
class Address:
    """Of the API: ``https://host:port/v1``, in its parts."""

    is_https: bool
    host: str
    port: int
    path: str

    def __repr__(self) -> str:
        return "<the address of the service>"


@dataclass(frozen=True)
class Source:
    """Nothing shows the token: it is in a closure. ``process``: without a number of its own where it is named after the dyno."""

    address: Address
    token: Callable[[], str]
    app: Optional[str]
    process: Optional[str]
    is_dyno: bool
    telemetry: bool
    #: Of the tests: clocks, chance, and what makes a request.
    outside: Any


def read_source(refresh: Any, var: str, env: Mapping[str, Any]) -> "Union[SecureKeyError, Source, None]":
    """None where it is turned off. An option counts before its variable."""
    if refresh is None or refresh is False:
        return None
    given = {} if refresh is True else refresh
    if not isinstance(given, Mapping) or any(name not in _OPTIONS for name in given):
        return bad_option("refresh", "True, or a dict with any of url, token, app, process and telemetry")
    if type(given.get("telemetry", False)) is not bool:
        return bad_option("telemetry", "True or False")
    url, url_place = _found(given, env, "url", f"{var}_URL")
    token, token_place = _found(given, env, "token", f"{var}_TOKEN")
    for text, place in ((url, url_place), (token, token_place)):
        if not text:
            return unusable_source("missing", **place)
    address = _address_in(url or "")
    if address is None:
        return unusable_source("bad-url", **url_place)
    if not _TOKEN.fullmatch(token or ""):
        return unusable_source("bad-token", **token_place)
    names = {}
    for name, variable in (("app", "HEROKU_APP_NAME"), ("process", "DYNO")):
        chosen = given.get(name)
        text = text_in(env.get(variable) if chosen is None else chosen)
        is_good = text is not None and _NAME.fullmatch(text) is not None
        if chosen is not None and not is_good:
            return bad_option(name, "1 to 64 printable ASCII characters")
        names[name] = text if is_good else None
    is_dyno = given.get("process") is None
    telemetry, outside = given.get("telemetry", False), given.get("outside")
    return Source(address, _hidden(token or ""), names["app"], names["process"], is_dyno, telemetry, outside)


def _found(given: Mapping[str, Any], env: Mapping[str, Any], name: str, variable: str) -> "Tuple[Optional[str], Any]":
    """The text, and where it stands."""
    if given.get(name) is None:
        return text_in(env.get(variable)), {"variable": variable}
    # What is no text at all is wrong, and not missing.
    return text_in(given[name]) or "-", {"place": name}


def _hidden(text: str) -> Callable[[], str]:
    return lambda: text


def _address_in(url: str) -> Optional[Address]:
    found = _URL.fullmatch(url)
    if not found:
        return None
    is_https, host = found[1] == "https", found[2].strip("[]")
    port = int(found[3] or (443 if is_https else 80))
    if found[2].startswith("[") and not _is_ipv6(host):
        return None
    if not 1 <= port <= 65_535 or not (is_https or host in _LOOPBACK):
        return None
    return Address(is_https, host, port, found[4])


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
