"""``python -m securekey check``: looks at the variables as an app does at its start, and never prints a key."""

from typing import List, Mapping, Sequence, Tuple

from ._errors import SecureKeyError
from ._keyring import Keyring
from ._read import keyring
from ._reply import Ended, Failed, Outcome, Revoked, Taken, version_of

_USAGE = """securekey check [VARIABLE]

Checks the keys of an app as a library does at the app's start, and never prints a key. VARIABLE is the config var, SECURE_KEY
if it is not given. Where a variable of live pick-up is set too (VARIABLE_URL, VARIABLE_TOKEN), the service is asked once. Ends with 0 if all is well, with 1 if the keys are good but the keyring is ignored or the service does not give its
keys, and with 2 if an app would not start.
"""


def check(arguments: Sequence[str], env: Mapping[str, str]) -> Tuple[str, str, int]:
    """What the program prints, what it complains of, and how it ends."""
    if arguments and arguments[0] in ("--help", "-h"):
        return _USAGE, "", 0
    if not arguments or arguments[0] != "check" or len(arguments) > 2:
        return "", _USAGE, 2
    variable = arguments[1] if len(arguments) == 2 else "SECURE_KEY"
    warnings: List[str] = []
    refresh = any(env.get(f"{variable}_{name}") for name in ("URL", "TOKEN"))
    try:
        ring = keyring(var=variable, env=env, refresh=refresh, on_warning=lambda _code, message: warnings.append(message))
    except SecureKeyError as error:
        return "", f"{error}\n", 2
    printed = _described(ring, variable)
    outcome = ring._background.once() if ring._background else None
    if isinstance(outcome, Taken):
        printed += f"The service signs with {outcome.pair[0].kid}, version {version_of(outcome.facts)}.\n"
    elif isinstance(outcome, Revoked):
        printed += "The service says that the keys are revoked, and not replaced yet.\n"
    elif outcome is not None:
        warnings.append(f"The service does not give its keys: {_word_of(outcome)}.")
    return printed, "".join(f"{one}\n" for one in warnings), 1 if warnings else 0


def _word_of(outcome: Outcome) -> str:
    if isinstance(outcome, Failed):
        return outcome.word
    return outcome.code if isinstance(outcome, Ended) else "not-asked"


def _described(ring: Keyring, variable: str) -> str:
    told = ring.as_dict()
    rows = [[key["kid"], key["use"], str(key["version"] or "-"), key["until"] or "-"] for key in told["keys"]]
    lines = [f"The keys of {variable}, newest first:"]
    lines += [f"  {kid:<10}{use:<8}{version:<9}{until}" for kid, use, version, until in [_HEAD, *rows]]
    lines.append(f"A signature is good for {ring.guaranteed_life} seconds at least.")
    if told["rotated_at"]:
        lines.append(f"Published at {told['rotated_at']} ({ring.reason}).")
        lines.append(f"Next rotation at {told['next_rotation_at']}.")
    return "".join(f"{line}\n" for line in lines)


_HEAD = ["kid", "use", "version", "until"]
