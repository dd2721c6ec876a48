"""The logins that the real frameworks made under each state, as tests of whoever reads them."""

import json
import time
from pathlib import Path
from unittest import mock

from test_vectors import STATES, made

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "cookies"


def add_entries(case, framework, read):
    """A test for each entry: ``read(ring, cookies)`` returns what a process of that ring reads, or None."""
    entries = json.loads((FOLDER / f"{framework}.json").read_text(encoding="utf-8"))["entries"]
    for place, entry in enumerate(entries):
        test = lambda self, entry=entry: check(self, entry, read)
        test.__doc__ = f"a login of {framework} {entry['name']} is read where it should be, and nowhere else"
        setattr(case, f"test_{framework}_{place:02d}", test)


def check(case, entry, read):
    # The frameworks ask the process for the time; the ring is told the one of its state.
    with mock.patch.object(time, "time", lambda: entry["now"] / 1000):
        for name in [*entry["accepted_in"], *entry["refused_in"]]:
            ring, _ = made(STATES[name])
            wanted = entry["says"] if name in entry["accepted_in"] else None
            case.assertEqual(read(ring, entry["cookies"]), wanted, name)
