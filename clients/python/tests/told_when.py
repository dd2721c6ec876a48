"""A process that asks a real service when it is told to: a line of Unix milliseconds is a turn at that time, and JSON the answer."""

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from securekey import keyring

moment = [float(sys.argv[1]) / 1_000]
outside = {"monotonic": lambda: moment[0], "chance": lambda: 0.5, "start": lambda run: None}
ring = keyring(
    now=lambda: moment[0],
    started_at=moment[0],
    settle=0,
    on_warning=lambda *_: None,
    refresh={"outside": outside, "process": "web.1", "telemetry": True},
)

for line in sys.stdin:
    moment[0] = float(line) / 1_000
    before = ring.sign("user-17", purpose="login", expires_in="7d")
    ring._background._poll._due = moment[0]
    ring._background._poll.turn(lambda: None)
    told = ring.stats()["refresh"]
    told.update(kid=ring.kid, reason=ring.reason, knows_before=bool(ring.verify(before, purpose="login")))
    print(json.dumps(told), flush=True)
