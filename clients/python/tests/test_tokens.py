import enum
import random
import string
import unittest
from datetime import timedelta

from rings import Clock, revoked, ring, variables
from securekey import SecureKeyError, keyring

TEXTS = ["user-17", "", "a.b.c", "two\nlines", "nul\0inside", "żółw 🐢 e\u0301", '{"id":1}', "x" * 8192]


class Liar(str):
    """A text that lies about itself wherever it can."""

    __class__ = property(lambda self: 1 / 0)


def nonsense(*_):
    raise RuntimeError("nobody asks a text for that")


class Strange(str):
    """A text that shows itself as another one, or not at all, to all who ask it."""

    __len__ = __str__ = __format__ = __eq__ = __hash__ = __bool__ = __getitem__ = encode = split = nonsense


class Purpose(str, enum.Enum):
    """Shown in an f-string as its name since Python 3.11."""

    LOGIN = "login"


class Proxy:
    """As lazy objects do while there is no request."""

    @property
    def __class__(self):
        raise RuntimeError("working outside of request context")

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None


class Yes:
    """Equal to everything."""

    def __eq__(self, other):
        return True


class Tokens(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.ring = ring(0, self.clock)

    def sign(self, text="user-17", purpose="login", expires_in="7d"):
        return self.ring.sign(text, purpose=purpose, expires_in=expires_in)

    def refusal(self, token, purpose="login", by=None):
        result = (by or self.ring).verify(token, purpose=purpose)
        self.assertFalse(result)
        self.assertEqual((result.ok, result.text, result.kid, result.expires_at, result.renew), (False, None, None, None, False))
        return result.reason

    def test_a_token_is_read_by_every_process_until_the_rotation_after_the_next(self):
        tokens = [self.sign(text) for text in TEXTS]
        for generation, renew in ((0, False), (1, True)):
            results = [ring(generation, self.clock).verify(one, purpose="login") for one in tokens]
            self.assertEqual([one.text for one in results], TEXTS)
            self.assertEqual({one.renew for one in results}, {renew})
        self.assertEqual({self.refusal(one, by=ring(2, self.clock)) for one in tokens}, {"unknown-key"})

    def test_a_result_is_not_changed_afterwards(self):
        for result, name in ((self.ring.verify(self.sign(), purpose="login"), "text"), (self.ring.verify("", purpose="login"), "ok")):
            with self.assertRaises(AttributeError):
                setattr(result, name, True)

    def test_a_visitor_whose_token_is_made_anew_when_told_stays_over_six_rotations(self):
        token = self.sign()
        for generation in range(1, 7):
            self.clock.pass_by(days=6)
            present = ring(generation, self.clock)
            result = present.verify(token, purpose="login")
            self.assertTrue(result, result.reason)
            self.assertTrue(result.renew)
            token = present.sign(result.text, purpose="login", expires_in="7d")
            self.assertFalse(present.verify(token, purpose="login").renew)

    def test_after_a_revoke_no_older_token_is_accepted(self):
        self.assertEqual(self.refusal(self.sign(), by=ring(0, self.clock, env=revoked(0))), "unknown-key")

    def test_a_token_ends_at_the_second_that_it_names(self):
        token = self.sign(expires_in=60)
        end = self.ring.verify(token, purpose="login").expires_at
        self.assertEqual(end, int(self.clock()) + 60)
        self.clock.pass_by(seconds=59, milliseconds=999)
        self.assertTrue(self.ring.verify(token, purpose="login"))
        self.clock.pass_by(milliseconds=1)
        self.assertEqual(self.refusal(token), "expired")

    def test_a_token_is_good_for_its_own_purpose_only(self):
        token = self.sign()
        self.assertEqual(self.refusal(token, "unsubscribe"), "bad-mac")
        for purpose in ("", "a b", "ż", "x" * 101, None, 17, b"login", "login\n", [], Proxy()):
            self.assertEqual(self.refusal(token, purpose), "bad-purpose")

    def test_whatever_is_no_token_is_refused_without_an_exception(self):
        token = self.sign()
        for given in [
            None, "", ".", "....", b"", token.encode(), bytearray(b"x"), [], [token], {}, {"token": token}, (), 0, 17, 1.5,
            float("nan"), True, object(), Proxy(), Liar("x"), print, type, "\ud800", f"{token}\ud800", token + "\n",
            " " + token, token + ".", "." * 12_289, "x" * 1_000_000, token.upper(), token.replace("sk1", "sk2"),
            token.replace("-", "+"), token + "=", "sk1." + "0" * 8 + ".1..",
        ]:  # fmt: skip
            with self.subTest(given=str(type(given))):
                self.assertEqual(self.refusal(given), "malformed")

    def test_a_text_of_a_kind_of_its_own_counts_by_its_characters(self):
        told = variables(0)
        env = {name: Strange(value) for name, value in told.items()}
        made = [keyring(var=Strange("SECURE_KEY"), env=told, now=self.clock), keyring(env=env, now=self.clock)]
        for by in [self.ring, *made]:
            for purpose in (Purpose.LOGIN, Strange("login")):
                token = by.sign(Strange("user-17"), purpose=purpose, expires_in=Strange("1h"))
                for read_as in ("login", purpose):
                    self.assertEqual(self.ring.verify(Strange(token), purpose=read_as).text, "user-17")
                self.assertEqual(by.derive(purpose, kid=Strange(self.ring.kid)), self.ring.derive("login"))
        self.assertEqual(self.refusal(Strange("x" * 12_289)), "malformed")

    def test_without_a_time_nothing_is_signed_and_nothing_passes(self):
        token = self.sign()
        for time in (float("nan"), float("inf"), None, "12", True, 10**400, -1, 1e11):
            by = keyring(env=variables(0), now=lambda: time)
            self.assertEqual(self.refusal(token, by=by), "expired")
            for call in (lambda: by.sign("user-17", purpose="login", expires_in=60), lambda: by.derive("a"), by.secrets):
                with self.assertRaises(SecureKeyError) as caught:
                    call()
                self.assertEqual((caught.exception.code, caught.exception.place), ("bad-option", "now"))
        self.assertEqual(self.refusal(token, by=keyring(env=variables(0), now=nonsense)), "expired")

    def test_every_change_of_one_character_is_refused(self):
        token = self.sign()
        for place in range(len(token)):
            for other in string.ascii_letters + string.digits + "-_.= \n\0é":
                if other != token[place]:
                    changed = token[:place] + other + token[place + 1 :]
                    self.assertFalse(self.ring.verify(changed, purpose="login"), changed)
            self.assertFalse(self.ring.verify(token[:place] + token[place + 1 :], purpose="login"))

    def test_texts_of_chance_are_refused(self):
        chance = random.Random(7)
        for _ in range(2_000):
            parts = ["".join(chance.choices("sk1.0aZ-_=é\0", k=chance.randint(0, 40))) for _ in range(chance.randint(1, 6))]
            self.assertFalse(self.ring.verify(".".join(parts), purpose="login"))

    def test_what_cannot_be_signed_is_refused_in_the_order_of_the_rules(self):
        for text, purpose, life, code in [
            (None, "", 0, "bad-purpose"),
            (None, "login", 0, "bad-text"),
            (b"user", "login", 60, "bad-text"),
            ("half\ud83d", "login", 60, "bad-text"),
            (Proxy(), "login", 60, "bad-text"),
            ("x" * 8193, "login", 0, "text-too-long"),
            ("ż" * 4097, "login", 60, "text-too-long"),
            *(
                ("user", "login", life, "bad-life")
                for life in (0, -1, 1.5, True, None, "", "7 d", "7D", "1w", "1234567s", "٣d", "7d\n", float("inf"), [7], Proxy())
            ),
            ("user", "login", timedelta(microseconds=1_500_000), "bad-life"),
            ("user", "login", timedelta(0), "bad-life"),
            ("user", "login", "8d", "life-too-long"),
            ("user", "login", 10**5000, "life-too-long"),
        ]:
            with self.subTest(code=code, life=str(type(life))):
                with self.assertRaises(SecureKeyError) as caught:
                    self.sign(text, purpose, life)
                self.assertEqual(caught.exception.code, code)

    def test_a_life_longer_than_the_ring_guarantees_is_refused_with_both_in_seconds(self):
        with self.assertRaises(SecureKeyError) as caught:
            self.sign(expires_in="8d")
        self.assertIn("691200 seconds", str(caught.exception))
        self.assertIn("604800 seconds", str(caught.exception))

    def test_a_life_is_said_as_a_number_a_text_or_a_timedelta(self):
        for life in (3600, 3600.0, "3600s", "60m", "1h", "001h", timedelta(hours=1)):
            self.assertEqual(self.ring.verify(self.sign(expires_in=life), purpose="login").expires_at, self.clock() + 3600)

    def test_a_derived_key_is_the_same_in_every_process_and_another_for_each_purpose_key_and_length(self):
        key_ids = [one.kid for one in self.ring.keys]
        made = {self.ring.derive(purpose, length, kid) for purpose in ("a", "b") for length in (16, 32, 64) for kid in key_ids}
        self.assertEqual(len({one[:16] for one in made}), 4)
        self.assertEqual({len(one) for one in made}, {16, 32, 64})
        later = ring(1, self.clock)
        self.assertEqual(self.ring.derive("a"), later.derive("a", kid=self.ring.kid))
        self.assertNotEqual(self.ring.derive("a"), later.derive("a"))
        for options, code in [
            ({"purpose": ""}, "bad-purpose"),
            ({"purpose": "", "length": 1}, "bad-purpose"),
            ({"purpose": "a", "length": 15}, "bad-length"),
            ({"purpose": "a", "length": 65}, "bad-length"),
            ({"purpose": "a", "length": 32.5}, "bad-length"),
            ({"purpose": "a", "length": True}, "bad-length"),
            ({"purpose": "a", "length": "32"}, "bad-length"),
            ({"purpose": "a", "kid": "00000000"}, "unknown-key"),
            ({"purpose": "a", "kid": Proxy()}, "unknown-key"),
            ({"purpose": "a", "kid": Yes()}, "unknown-key"),
        ]:
            with self.assertRaises(SecureKeyError) as caught:
                self.ring.derive(**options)
            self.assertEqual(caught.exception.code, code)


if __name__ == "__main__":
    unittest.main()
