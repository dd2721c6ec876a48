"""The keyring that an app holds: it signs, verifies, and hands each framework what it wants."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, NoReturn, Optional, Sequence, Tuple

from ._asked import checked_accept, checked_end, checked_length, checked_life, checked_purpose, checked_text
from ._clock import Clock
from ._counts import Counts
from ._derive import hkdf, purpose_in, text_in
from ._errors import SecureKeyError
from ._life import Life
from ._ring import Held, Key, Ring
from ._shown import shown
from ._token import make_token, read_token
from ._verified import Refused, Result, Verified

if TYPE_CHECKING:
    from flask import Flask

    from ._background import Background


class Keyring:
    """The keys of one add-on. Made by :func:`securekey.keyring`.

    Thread-safe. Printing, dumping or copying it shows key ids, and never a key; it cannot be pickled.
    """

    __slots__ = ("_variable", "_ring", "_clock", "_counts", "_background", "__weakref__")

    def __init__(
        self,
        variable: str,
        ring: Ring,
        *,
        clock: Clock,
        on_stale: Optional[Callable[[str], object]] = None,
    ) -> None:
        self._variable = variable
        self._ring = ring
        self._clock = clock
        self._counts = Counts([one.key.kid for one in ring.held], on_stale)
        self._background: Optional["Background"] = None

    @property
    def kid(self) -> str:
        """The id of the key that signs now what lives as long as is guaranteed."""
        return self._read().signing_for(self._clock.now_ms()).key.kid

    @property
    def keys(self) -> Tuple[Key, ...]:
        """All keys, newest first, by id, use, version and end."""
        return tuple(one.key for one in self._ring.held)

    @property
    def guaranteed_life(self) -> int:
        """So many seconds is a signature good at least, whatever the schedule does."""
        return self._ring.guaranteed_life

    @property
    def reason(self) -> Optional[str]:
        """Why the present keys were published: ``scheduled``, ``revoke``, ...; None without a keyring."""
        return self._ring.reason

    @property
    def rotated_at(self) -> Optional[datetime]:
        """When the first key became the first; None without a keyring."""
        facts = self._ring.facts
        return facts.rotated_at if facts else None

    @property
    def next_rotation_at(self) -> Optional[datetime]:
        """When the next rotation is due, as far as was known at the last; None without a keyring."""
        facts = self._ring.facts
        return facts.next_rotation_at if facts else None

    def sign(self, text: str, *, purpose: str, expires_in: Life) -> str:
        """A token that holds the text for so long: seconds, ``90s``, ``30m``, ``12h``, ``7d``, or a timedelta.

        Raises :class:`SecureKeyError`: ``bad-purpose``, ``bad-text``, ``text-too-long``, ``bad-life``, ``life-too-long``.
        """
        named = checked_purpose(purpose)
        content = checked_text(text)
        ring = self._read()
        life = checked_end(expires_in, ring.guaranteed_life)
        now_ms = self._clock.now_ms()
        expires_at = now_ms // 1_000 + life
        signing = ring.signing(now_ms, expires_at * 1_000)
        self._counts.signed(signing.key.kid)
        return make_token(signing.secret, named, content, expires_at)

    def verify(self, token: object, *, purpose: str) -> Result:
        """What the token says, or the reason why it is refused. Never raises, whatever it is given."""
        verdict = self._verdict(token, purpose)
        if isinstance(verdict, Verified):
            self._counts.verified(verdict.kid)
        elif verdict.reason != "bad-mac":
            self._counts.refused(verdict.reason)
        return verdict

    def _verdict(self, given: object, purpose: str) -> Result:
        named = purpose_in(purpose)
        if named is None:
            return Refused("bad-purpose")
        token = read_token(given)
        if token is None:
            return Refused("malformed")
        ring, now_ms = self._read(), self._clock.judging_ms()
        candidates = [one for one in ring.accepted(now_ms) if one.key.kid == token.kid]
        if not candidates:
            self._met_unknown(token.kid, now_ms)
            return Refused("unknown-key")
        made_by = next((one for one in candidates if token.is_made_by(one.secret, named)), None)
        if made_by is None:
            self._counts.refused("bad-mac", token.kid)
            return Refused("bad-mac")
        if now_ms // 1_000 >= token.expires_at:
            return Refused("expired")
        renew = ring.is_older(made_by, now_ms)
        return Verified(text=token.text, kid=token.kid, expires_at=token.expires_at, renew=renew)

    def derive(self, purpose: str, length: int = 32, kid: Optional[str] = None) -> bytes:
        """A key for this purpose alone, of 16 to 64 bytes: of the key that signs now, or of the accepted one that is named.

        Raises :class:`SecureKeyError`: ``bad-purpose``, ``bad-length``, ``unknown-key``.
        """
        named = checked_purpose(purpose)
        size = checked_length(length)
        ring, now_ms = self._read(), self._clock.now_ms()
        if kid is None:
            found = [ring.signing_for(now_ms)]
        else:
            wanted = text_in(kid)
            found = [one for one in ring.accepted(now_ms) if one.key.kid == wanted]
        if not found:
            raise SecureKeyError("unknown-key", "kid names no key that is accepted. (unknown-key)", place="kid")
        return hkdf(bytes(found[0].secret), f"securekey/v1/{named}", size)

    def secrets(self, life: Optional[Life] = None) -> List[str]:
        """The keys' texts for whoever signs with the first and accepts all, as of now.

        ``life`` is how long what is signed is to live; the guaranteed life if it is not told.
        """
        self._read()
        return self._listed(life)

    def _listed(self, life: Optional[Life] = None) -> List[str]:
        """The same, and no use of the keys: what is asked while an app is loaded starts no thread."""
        seconds = None if life is None else checked_life(life, "life")
        ring, now_ms = self._ring, self._clock.now_ms()
        return _texts(ring.listed(now_ms, ring.signing_for(now_ms, seconds)))

    def _settled(self) -> List[str]:
        """The same without the settle time, for what keeps a copy."""
        ring = self._ring
        return _texts(ring.listed(self._clock.now_ms(), ring.first))

    def _present(self, life: Optional[Life] = None) -> List[str]:
        """The key that signs now, then the newer ones: what they made need not be signed anew."""
        ring, now_ms = self._read(), self._clock.now_ms()
        signing = ring.signing_for(now_ms, None if life is None else checked_life(life, "life"))
        return _texts([signing, *ring.newer(signing)])

    def django(self, life: Optional[Life] = None, *, accept: Sequence[str] = ()) -> Dict[str, Any]:
        """Settings for Django 4.1.8 or later: ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``, which follow the settle time.

        ``accept``: secrets of the time before the add-on, of which what was signed is good as well.
        Raises :class:`SecureKeyError` ``unsafe-framework`` where a rotation would log people out.
        """
        from ._django_settings import django_settings

        return django_settings(self, life, checked_accept(accept))

    def flask(self, app: "Flask", life: Optional[Life] = None, *, accept: Sequence[str] = ()) -> None:
        """Gives the app its keys, and sessions that are signed anew when an older key made them.

        ``accept``: secrets of the time before the add-on, of which what was signed is good as well.
        Raises :class:`SecureKeyError` ``unsafe-framework`` where a rotation would log people out.
        """
        from .flask import use_keyring

        use_keyring(self, app, life, checked_accept(accept))

    def itsdangerous(self) -> List[str]:
        """The keys' texts as itsdangerous wants them: it signs with the last and accepts all.

        It copies them when a serializer is made, so they are without the settle time; :meth:`serializer` is with it.
        """
        return list(reversed(self._settled()))

    def serializer(self, kind: Any, *, life: Optional[Life] = None, **options: Any) -> Any:
        """A serializer of itsdangerous, such as ``URLSafeTimedSerializer``, that always has the present keys.

        ``options`` are those of the class, without ``secret_key``.
        """
        from .itsdangerous import live_serializer

        return live_serializer(self, kind, life, options)

    def stats(self) -> Dict[str, Dict[str, Any]]:
        """How many tokens were signed and verified, by key id, and refused, by reason; ``refresh``: how live pick-up goes."""
        return {**self._counts.read(), **({"refresh": self._background.told()} if self._background else {})}

    def ready(self, timeout: float = 10) -> bool:
        """Waits, so many seconds at most, until the service was asked once, and returns whether its keys are held. Never fails."""
        return self._background.ready(timeout) if self._background else False

    def close(self) -> None:
        """Asks the service no more. The keys stay as they are."""
        if self._background:
            self._background.close()

    def _swap(self, ring: Ring) -> None:
        """One assignment: whoever reads sees the one ring or the other, whole."""
        self._counts.hold(one.key.kid for one in ring.held)
        self._ring = ring

    def _read(self) -> Ring:
        """The ring for one use. The first use in a process is where it begins to ask the service."""
        if self._background:
            self._background.touch()
        return self._ring

    def _met_unknown(self, kid: str, now_ms: int) -> None:
        self._counts.stale(kid, now_ms)
        if self._background and not self._counts.knows(kid):
            self._background.early()

    def as_dict(self) -> Dict[str, Any]:
        """What may be shown, for JSON: ids, uses, versions and dates."""
        return shown(self._ring, self._clock.now_ms())

    def __repr__(self) -> str:
        keys = ", ".join(f"{key.kid} {key.use}" for key in self.keys)
        return f"<securekey.Keyring of {self._variable}: {keys}>"

    def __copy__(self) -> "Keyring":
        return self

    def __deepcopy__(self, memo: Any) -> "Keyring":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a keyring is not pickled: it holds keys")


def _texts(held: Iterable[Held]) -> List[str]:
    return [one.secret.text() for one in held]
