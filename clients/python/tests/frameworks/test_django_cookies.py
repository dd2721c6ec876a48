import unittest

from .django_site import Process

from browser import ask
from cookie_entries import add_entries


class Cookies(unittest.TestCase):
    pass


def read_session(ring, cookies):
    user = ask(Process(ring, engine="securekey.django.signed_cookies"), "/who", cookies).text
    return {"user": int(user)} if user else None


add_entries(Cookies, "django", read_session)
