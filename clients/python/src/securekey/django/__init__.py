"""What Django is given by name: ``securekey.django.AuthenticationMiddleware`` in ``MIDDLEWARE``."""

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth import middleware
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieStore
from django.utils.functional import SimpleLazyObject

_HASH = auth.HASH_SESSION_KEY


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Takes the place of Django's own, and keeps a session's id when its login was signed by an older key.

    Django's gives such a session a new id and deletes the old one. Requests that the browser has sent together then find
    no session, and their answers delete the cookie.
    """

    def process_request(self, request: Any) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of(request))
        if hasattr(request, "auser"):
            request.auser = partial(sync_to_async(_user_of), request)


def _user_of(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):
        request._cached_user = _authenticated(request)
    return request._cached_user


def _authenticated(request: Any) -> Any:
    session = request.session
    was_modified, old_hash = session.modified, session.get(_HASH)
    asked_for_new_id = []
    # Only for this call: a login and a new password ask for a new id too, and get it.
    session.cycle_key = lambda: asked_for_new_id.append(True)
    try:
        user = auth.get_user(request)
    finally:
        del session.cycle_key
    # In a cookie the session has no other place: it is sent anew with the answer.
    if asked_for_new_id and not was_modified and not isinstance(session, CookieStore):
        _store_hash(session, old_hash)
    return user


def _store_hash(session: Any, old_hash: str) -> None:
    """Stores the new hash at once, and nothing else: a request that only reads must not undo what another one changes."""
    stored = type(session)(session.session_key)
    if stored.get(_HASH) == old_hash:
        stored[_HASH] = session[_HASH]
        try:
            stored.save()
        except UpdateError:
            # Logged out meanwhile.
            pass
    session.modified = False
