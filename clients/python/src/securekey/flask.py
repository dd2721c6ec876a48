"""Flask: the app's keys, and sessions that live on."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Optional

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ._life import Life
from ._live import Accepted, LiveText, LiveTexts
from ._unsafe import unsafe, version_in

if TYPE_CHECKING:
    from ._keyring import Keyring

_OLDEST = (2, 2, 0)
_READS_FALLBACKS = (3, 1, 1)


class KeyringSessions(SecureCookieSessionInterface):
    """Flask's own cookie sessions with the keys of a ring: a cookie of an older key is sent anew when it is read."""

    def __init__(self, ring: "Keyring", life: Optional[Life], accept: Accepted) -> None:
        self._ring = ring
        self._life = life
        self._accept = accept

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        return self._serializer([*self._ring.secrets(self._life), *self._accept()])

    def open_session(self, app: Flask, request: Any) -> Any:
        session = super().open_session(app, request)
        cookie = request.cookies.get(self.get_cookie_name(app))
        # Flask sends a session anew only if it changed, and one that merely is read would end with its key.
        if session and cookie and not self._is_present(cookie):
            session.accessed = session.modified = True
        return session

    def _is_present(self, cookie: str) -> bool:
        try:
            self._serializer(self._ring._present(self._life)).loads(cookie)
        except BadSignature:
            return False
        return True

    def _serializer(self, newest_first: "list[str]") -> URLSafeTimedSerializer:
        options = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(
            newest_first[::-1], salt=self.salt, serializer=self.serializer, signer_kwargs=options
        )


def use_keyring(ring: "Keyring", app: Flask, life: Optional[Life], accept: Accepted) -> None:
    """Gives the app its two settings, and our sessions if it has Flask's own."""
    installed = version("flask")
    if version_in(installed) < _OLDEST:
        raise unsafe("Flask", installed, "is older than what securekey is tested with", "Use Flask 2.2, or 3.1.1 or later")
    if version_in(installed) == (3, 1, 0):
        why = "signs with the previous key (GHSA-4grg-w6v8-c28g)"
        raise unsafe("Flask", installed, why, "Use Flask 3.1.1 or later")
    sessions = app.session_interface
    ours = type(sessions) in (SecureCookieSessionInterface, KeyringSessions)
    if not ours and isinstance(sessions, SecureCookieSessionInterface) and version_in(installed) < _READS_FALLBACKS:
        why = f"signs with one key, and the app has a session interface of its own ({type(sessions).__name__})"
        raise unsafe("Flask", installed, why, "Use Flask 3.1.1 or later, or Flask's own session interface")
    ring._listed(life)
    app.config["SECRET_KEY"] = LiveText(ring, life)
    # The one that signs is among them: the settle time may end between the readings of the two.
    keys = LiveTexts(lambda: (*accept(), *ring.secrets(life)[::-1]))
    app.config["SECRET_KEY_FALLBACKS"] = keys
    # Flask-WTF hands it to itsdangerous, which takes a list too. Without it, a form would end with its key.
    app.config.setdefault("WTF_CSRF_SECRET_KEY", keys)
    if ours:
        app.session_interface = KeyringSessions(ring, life, accept)
