"""Writes the cookies that the real frameworks of Python make: ``python3 clients/vectors/make/python_cookies.py``.

Run it with the newest of them, and again when one changes its form or a state changes: it makes other bytes each time. It
imports nothing of clients/python: the keys are handed over as the frameworks' own documents say.
"""

import json
import time
from importlib.metadata import version
from pathlib import Path
from unittest import mock

FOLDER = Path(__file__).resolve().parent.parent
VECTORS = json.loads((FOLDER / "securekey-vectors.json").read_text(encoding="utf-8"))
STATES = {state["name"]: state for state in VECTORS["states"]}
TEXTS = {key["kid"]: key["text"] for key in VECTORS["keys"]}

#: The states of a whole life, in which the cookies are made and read.
MADE_IN = ["fresh", "next announced", "rotated once", "settling", "next promoted", "rotated twice", "revoked"]
READ_IN = [*MADE_IN, "grace ended", "older key kept", "revoked with next", "without a keyring"]
SAYS = {"user": 42}


def flask_session(keys):
    """A session in a cookie, by Flask's own interface."""
    from flask import Flask, session

    app = Flask("cookies")
    app.config.update(SECRET_KEY=keys[0], SECRET_KEY_FALLBACKS=keys[1:])

    @app.get("/")
    def login():
        session.update(SAYS)
        return "in"

    return {"session": app.test_client().get("/").headers["Set-Cookie"].split(";")[0].split("=", 1)[1]}


def django_session(keys):
    """A session in a cookie, of Django's engine signed_cookies."""
    from django.conf import settings
    from django.test import override_settings

    if not settings.configured:
        settings.configure(SECRET_KEY="of no cookie", SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies", USE_TZ=True)
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    with override_settings(SECRET_KEY=keys[0], SECRET_KEY_FALLBACKS=keys[1:]):
        session = SessionStore()
        session.update(SAYS)
        session.save()
        return {"sessionid": session.session_key}


def itsdangerous_value(keys):
    """A value of a timed serializer, which wants the oldest key first."""
    from itsdangerous import URLSafeTimedSerializer

    return {"signed-value": URLSafeTimedSerializer(keys[::-1], salt="securekey-cookies").dumps(SAYS)}


FRAMEWORKS = {"flask": flask_session, "django": django_session, "itsdangerous": itsdangerous_value}


def entry_of(make, name):
    state = STATES[name]
    keys = [TEXTS[kid] for kid in state["lists"][0]["kids"]]
    # The frameworks ask the process for the time, and write it into the cookies.
    with mock.patch.object(time, "time", lambda: state["now"] / 1000):
        cookies = make(keys)
    accepts = lambda other: state["signing"] in STATES[other]["accepted"]
    return {
        "name": f"made when {name}",
        "state": name,
        "now": state["now"],
        "cookies": cookies,
        "says": SAYS,
        "accepted_in": [one for one in READ_IN if accepts(one)],
        "refused_in": [one for one in READ_IN if not accepts(one)],
    }


def main():
    for framework, make in FRAMEWORKS.items():
        made = {
            "format": "securekey-cookies/1",
            "framework": framework,
            "version": version(framework),
            "made_by": "clients/vectors/make/python_cookies.py",
            "entries": [entry_of(make, name) for name in MADE_IN],
        }
        file = FOLDER / "cookies" / f"{framework}.json"
        file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        print(f"{file} is written.")


if __name__ == "__main__":
    main()
