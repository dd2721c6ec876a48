"""A service that a test moves on, and rings that ask it: with a clock of the test, and without a thread."""

import json
import math
from datetime import timezone
from email.utils import format_datetime

from rings import Clock, variables
from securekey import keyring
from securekey._http import Answer, Unanswered

URL = "https://securekey.example/v1"
TOKEN = "sk_api_0123456789_secret"
REVOKED = {"type": "urn:securekey:problem:keys-revoked", "status": 503}


class Service:
    """What is asked of it, by any number of rings. ``answers`` is taken first, one for each request of the keys."""

    def __init__(self, generation=0, clock=None, **told):
        self.clock = clock or Clock()
        self.answers, self.asked, self.check_ins, self.check_in_status = [], [], [], 204
        self.refresh_after = "3600"
        self.publish(generation, **told)

    def publish(self, generation, **told):
        env = told.pop("env", None) or variables(generation, **told)
        self.body = {"secure_key": env["SECURE_KEY"], "secure_keyring": env["SECURE_KEYRING"]}
        self.etag = f'"{abs(hash(json.dumps(self.body)))}"'

    def ask(self, address, method, path, headers, body=None):
        if method == "POST":
            self.check_ins.append(json.loads(body))
            return given(self.check_in_status)
        self.asked.append({"path": address.path + path, **headers})
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer() if callable(answer) else answer
        told = {"etag": self.etag, "refresh-after": self.refresh_after}
        if headers.get("If-None-Match") == self.etag:
            return given(304, **told)
        return given(200, self.body, **told)


def given(status, body=None, **headers):
    """An answer; names of headers with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json; charset=utf-8", **named}, content)


def slow():
    return Unanswered("too-slow")


class Process:
    """A process that asks the service when its test says so. ``told`` is what its listeners were told."""

    def __init__(self, service, generation=0, *, chance=0.5, env=None, refresh=None, variables_of=None, **options):
        self.service, self.clock, self.told, self.chance = service, service.clock, [], chance
        outside = {
            "monotonic": lambda: self.clock.at.timestamp(),
            "chance": lambda: self.chance,
            "ask": service.ask,
            "start": lambda run: None,
        }
        listeners = {
            name: (lambda *what, name=name: self.told.append((name, *what))) for name in ("on_warning", "on_changed", "on_stopped")
        }
        self.ring = keyring(
            env={**(variables_of or variables(generation)), **(env or {})},
            now=self.clock,
            **{"started_at": self.clock() - 100_000, **listeners, **options},
            refresh={"url": URL, "token": TOKEN, "outside": outside, **(refresh or {})},
        )
        self.ring._read()

    @property
    def stats(self):
        return self.ring.stats()["refresh"]

    def turn(self):
        """One turn; the seconds until the next."""
        return self.ring._background._poll.turn(lambda: None)

    def wait(self):
        """Lets the time until the next request pass, and makes it; the seconds until the one after it."""
        left = self.ring._background._poll._due - self.clock()
        self.clock.pass_by(milliseconds=math.ceil(1_000 * max(0, left)))
        return self.turn()


def unused(started):
    """A ring that nobody has used: when it is, ``started`` is told."""
    outside = {"start": started.append}
    return keyring(env=variables(0), refresh={"url": URL, "token": TOKEN, "outside": outside})


def http_date(date):
    return format_datetime(date.astimezone(timezone.utc), usegmt=True)
