"""``SESSION_ENGINE = "securekey.django.signed_cookies"``: Django's sessions in cookies, of people who are not logged in too."""

from typing import Any, Dict

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.core import signing

from .._live import LiveText


class SessionStore(signed_cookies.SessionStore):
    """Sends a cookie of an older key anew when it is read. Django sends one only if the session changed."""

    def load(self) -> Dict[str, Any]:
        session: Dict[str, Any] = super().load()
        if session and not self._is_present():
            self.modified = True
        return session

    def _is_present(self) -> bool:
        secret = settings.SECRET_KEY
        signing_key, *newer = secret.present() if isinstance(secret, LiveText) else [secret]
        signer = signing.TimestampSigner(
            key=signing_key, fallback_keys=newer, salt="django.contrib.sessions.backends.signed_cookies"
        )
        try:
            signer.unsign(self.session_key)
        except signing.BadSignature:
            return False
        return True
