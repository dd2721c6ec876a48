"""Rotated keys without a logout: reads ``SECURE_KEY`` and ``SECURE_KEYRING`` of the Heroku add-on securekey."""

from ._errors import SecureKeyError
from ._keyring import Keyring
from ._read import keyring
from ._ring import Key
from ._verified import Refused, Verified

__all__ = ["Key", "Keyring", "Refused", "SecureKeyError", "Verified", "keyring"]
__version__ = "0.1.0"
