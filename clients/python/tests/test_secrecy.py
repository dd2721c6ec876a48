import copy
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
import unittest

from rings import Clock, key, ring, variables
from securekey import SecureKeyError, keyring
from securekey._live import LiveText, LiveTexts

KEYS = [key(number) for number in range(1, 5)]


class Secrecy(unittest.TestCase):
    def setUp(self):
        self.ring = ring(1, Clock(), announced=True)

    def shows_no_key(self, text):
        for one in KEYS:
            self.assertNotIn(one, text)
            self.assertNotIn(one.lower(), text)

    def test_printing_listing_and_dumping_a_ring_shows_no_key(self):
        made = self.ring
        held = made._ring
        for one in (made, held, held.held, held.held[0], held.facts, made.keys, made.stats(), made.as_dict(), made._counts):
            self.shows_no_key(f"{one} {one!r} {pprint.pformat(one)} {getattr(one, '__dict__', '')}")
        self.shows_no_key(json.dumps(made.as_dict()))
        self.assertRaises(TypeError, vars, made)
        self.assertRaises(TypeError, json.dumps, made)
        self.shows_no_key(repr([getattr(made, name) for name in dir(made) if not callable(getattr(made, name))]))

    def test_a_ring_is_not_pickled_and_a_copy_is_the_ring_itself(self):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for one in (self.ring, self.ring._ring, LiveText(self.ring, None), LiveTexts(lambda: (key(1),))):
                self.assertRaises(TypeError, pickle.dumps, one, protocol)
        self.assertIs(copy.copy(self.ring), self.ring)
        self.assertIs(copy.deepcopy({"ring": self.ring})["ring"], self.ring)

    def test_what_frameworks_are_handed_shows_no_key_when_it_is_listed(self):
        text, texts = LiveText(self.ring, None), LiveTexts(lambda: tuple(self.ring.secrets()))
        self.shows_no_key(repr({"SECRET_KEY": text, "SECRET_KEY_FALLBACKS": texts}) + pprint.pformat([text]))
        self.shows_no_key(repr(vars(text)))
        self.assertIs(copy.deepcopy(text), text)
        self.assertIs(copy.deepcopy(texts), texts)

    def test_a_list_that_follows_the_ring_is_not_changed_in_silence(self):
        texts = LiveTexts(lambda: (key(1),))
        changes = [
            lambda: texts.append("x"), lambda: texts.extend(["x"]), lambda: texts.insert(0, "x"), lambda: texts.pop(), lambda: texts.clear(),
            lambda: texts.remove(key(1)), lambda: texts.sort(), lambda: texts.reverse(), lambda: texts.__iadd__(["x"]),
            lambda: texts.__imul__(2), lambda: texts.__setitem__(0, "x"), lambda: texts.__delitem__(0),
        ]  # fmt: skip
        for change in changes:
            self.assertRaises(TypeError, change)
        self.assertEqual(list(texts), [key(1)])

    def test_no_frame_of_an_error_at_the_start_holds_a_key(self):
        told = variables(1, announced=True)
        spoiled = {**told, "SECURE_KEY": told["SECURE_KEY"] + "X"}
        for options in [
            {"env": spoiled},
            {"value": spoiled["SECURE_KEY"]},
            {"value": told["SECURE_KEY"], "keyring_value": told["SECURE_KEYRING"], "settle": -1},
            {"env": told, "max_life": 0},
        ]:
            with self.subTest(options=list(options)):
                try:
                    keyring(**options)
                except SecureKeyError as error:
                    self.assertIsNone(error.__context__)
                    self.shows_no_key(f"{error} {error!r} {vars(error)} {pickle.loads(pickle.dumps(error))}")
                    self.shows_no_key(self.locals_of(error))
                else:
                    self.fail("nothing was refused")

    def test_no_frame_of_an_error_in_signing_or_deriving_holds_a_key(self):
        for call in [
            lambda: self.ring.sign("user", purpose="", expires_in=1),
            lambda: self.ring.sign("user", purpose="a", expires_in="1y"),
            lambda: self.ring.sign("user", purpose="a", expires_in="900d"),
            lambda: self.ring.derive("a", kid="00000000"),
            lambda: self.ring.secrets("x"),
        ]:
            try:
                call()
            except SecureKeyError as error:
                self.shows_no_key(self.locals_of(error))
            else:
                self.fail("nothing was refused")

    def test_no_warning_shows_a_key(self):
        told = variables(2, announced=True)["SECURE_KEYRING"]
        with self.assertLogs("securekey", logging.WARNING) as logged:
            keyring(env={"SECURE_KEY": f"{key(1)},{key(2)}", "SECURE_KEYRING": told})
        self.shows_no_key("".join(logged.output) + repr([vars(one) for one in logged.records]))

    def locals_of(self, error):
        """What an error report shows of the library's own frames."""
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        ours = [frame for frame in frames if "/securekey/" in frame.f_code.co_filename]
        self.assertTrue(ours)
        return repr([{name: (value, str(value)) for name, value in frame.f_locals.items()} for frame in ours])


class Program(unittest.TestCase):
    def test_the_package_prints_nothing_when_it_is_used(self):
        out, err = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = written = io.StringIO()
        try:
            made = ring(0, Clock())
            made.verify(made.sign("user", purpose="a", expires_in=60), purpose="a")
        finally:
            sys.stdout, sys.stderr = out, err
        self.assertEqual(written.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
