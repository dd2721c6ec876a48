"""What a process says of itself: which key it signs with, and nothing of its users."""

import json
import os
from typing import Any, Dict, Mapping, Optional

from ._counts import Seen
from ._ring import Key
from ._source import Source

_LONGEST_PROCESS = 64


def body_of(source: Source, signing: Key, seen: Optional[Mapping[str, Seen]], *, is_forked: bool) -> bytes:
    """``seen``: what is told of the tokens that were verified; None: nothing."""
    told: Dict[str, Any] = {"app": source.app, "process": _process_of(source, is_forked), "signs_with": signing.kid}
    if signing.version is not None:
        told["version"] = signing.version
    if seen is not None:
        told["counts"] = [{"kid": kid, "good": good, "bad": bad} for kid, (good, bad) in seen.items()]
    return json.dumps(told).encode("ascii")


def _process_of(source: Source, is_forked: bool) -> Optional[str]:
    """A dyno runs several processes that each hold a ring: the last word of one must not be taken for another's."""
    if source.process is None or not (source.is_dyno or is_forked):
        return source.process
    number = f"/{os.getpid()}"
    return source.process[: _LONGEST_PROCESS - len(number)] + number
