"""Django's two settings."""

from typing import TYPE_CHECKING, Any, Dict, Optional

from ._life import Life
from ._live import Accepted, LiveText, LiveTexts
from ._unsafe import unsafe

if TYPE_CHECKING:
    from ._keyring import Keyring


def django_settings(ring: "Keyring", life: Optional[Life], accept: Accepted) -> Dict[str, Any]:
    """``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``. Django reads both at each use, so both follow the settle time."""
    import django

    # Fallbacks came with 4.1; until 4.1.8 a session was checked without them.
    if django.VERSION[:3] < (4, 1, 8):
        why = "logs everybody out at the first rotation"
        raise unsafe("Django", django.get_version(), why, "Use Django 4.2 or later, or 4.1.8")
    ring._listed(life)
    return {
        "SECRET_KEY": LiveText(ring, life),
        # The one that signs is among them: the settle time may end between the readings of the two.
        "SECRET_KEY_FALLBACKS": LiveTexts(lambda: (*ring.secrets(life), *accept())),
    }
