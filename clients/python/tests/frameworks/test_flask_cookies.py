import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask import Flask, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from browser import ask
from cookie_entries import add_entries


class Cookies(unittest.TestCase):
    pass


def read_session(ring, cookies):
    app = Flask("cookies")
    ring.flask(app)

    @app.get("/")
    def home():
        return str(session.get("user", ""))

    user = ask(app, "/", cookies).text
    return {"user": int(user)} if user else None


def read_value(ring, cookies):
    serializer = URLSafeTimedSerializer(ring.itsdangerous(), salt="securekey-cookies")
    try:
        return serializer.loads(cookies["signed-value"], max_age=60)
    except BadSignature:
        return None


add_entries(Cookies, "flask", read_session)
add_entries(Cookies, "itsdangerous", read_value)
