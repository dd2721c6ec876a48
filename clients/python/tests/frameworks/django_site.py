"""A Django site with people, sessions and a database, and processes of it that hold one ring each."""

import atexit
import contextlib
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import django
from django.conf import settings

FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
OURS = "securekey.django.AuthenticationMiddleware"
DJANGOS = "django.contrib.auth.middleware.AuthenticationMiddleware"
DB = "django.contrib.sessions.backends.db"
COOKIES = "django.contrib.sessions.backends.signed_cookies"
OUR_COOKIES = "securekey.django.signed_cookies"
ENGINES = (DB, COOKIES, OUR_COOKIES)

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        AUTH_PASSWORD_VALIDATORS=[],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(FOLDER.name, "site.sqlite3")),
                "OPTIONS": {"timeout": 10},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        LOGGING_CONFIG=None,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of no process",
        SESSION_FILE_PATH=FOLDER.name,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()

from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from browser import Browser
from rings import Clock, ring

call_command("migrate", verbosity=0)
PERSON = User.objects.create_user("user-17", "user-17@example.com", "a password")

#: What a view waits for when it is told to: set by a test.
GATES = {}


def login(request):
    # Most pages have asked who it is before somebody logs in.
    str(request.user)
    auth.login(request, PERSON, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse("in")


def logout(request):
    auth.logout(request)
    return HttpResponse("out")


def home(request):
    return HttpResponse(request.user.username or "nobody")


def cart(request):
    """What somebody put in who need not be logged in."""
    if "add" in request.GET:
        request.session["cart"] = request.GET["add"]
    return HttpResponse(request.session.get("cart", "empty"))


def both(request):
    """Changes the session, and then asks who it is."""
    request.session["cart"] = request.GET["add"]
    return home(request)


def slow(request):
    """Loads the session, tells so, and goes on when it is let."""
    request.session.get("cart")
    GATES["loaded"].set()
    GATES["go on"].wait(10)
    return home(request)


def who(request):
    """Of a session without a login of Django."""
    return HttpResponse(str(request.session.get("user", "")))


def fail(request):
    raise RuntimeError("an error of the app")


urlpatterns = [
    path("", home),
    path("login", login),
    path("logout", logout),
    path("cart", cart),
    path("both", both),
    path("slow", slow),
    path("who", who),
    path("fail", fail),
]


class Process:
    """A process of the site: it holds a ring, and settings of its own."""

    def __init__(self, made, *, middleware=OURS, engine="django.contrib.sessions.backends.db", accept=(), **others):
        session = "django.contrib.sessions.middleware.SessionMiddleware"
        chosen = {"MIDDLEWARE": [session, middleware], "SESSION_ENGINE": engine, **others}
        self.settings = override_settings(**{**made.django(accept=accept), **chosen})
        self.running = False
        with self:
            self.handler = WSGIHandler()

    def __call__(self, environ, start_response):
        # While a slow request is under way the settings are this process's already.
        with contextlib.nullcontext() if self.running else self:
            return [b"".join(self.handler(environ, start_response))]

    def __enter__(self):
        self.settings.enable()
        self.running = True

    def __exit__(self, *_):
        self.running = False
        self.settings.disable()


class Slow:
    """A request of one process that waits in the middle, while others are answered by the same process."""

    def __init__(self, process, ask):
        GATES.update({"loaded": threading.Event(), "go on": threading.Event()})
        self.answers = []
        self.thread = threading.Thread(target=lambda: self.answers.append(ask()), daemon=True)
        process.__enter__()
        self.process = process
        self.thread.start()
        if not GATES["loaded"].wait(10):
            raise AssertionError("the slow request never came to its view")

    def answer(self):
        GATES["go on"].set()
        self.thread.join(10)
        self.process.__exit__()
        return self.answers[0]


class Site(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        Session.objects.all().delete()

    def process(self, generation, *, site=None, **options):
        return Process(ring(generation, self.clock, **options), **(site or {}))

    def logged_in(self, process):
        browser = Browser()
        browser.visit(process, "/login")
        return browser
