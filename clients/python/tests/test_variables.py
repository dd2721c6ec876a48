import json
import logging
import random
import re
import unittest

from rings import Clock, key, kid, ring, variables
from securekey import SecureKeyError, keyring

PAIR = f"{key(2)},{key(1)}"


class Variables(unittest.TestCase):
    def refused(self, **options):
        with self.assertRaises(SecureKeyError) as caught:
            keyring(**{"on_warning": lambda *_: None, **options})
        return caught.exception

    def test_an_app_with_unusable_keys_stops_at_its_start_and_is_told_the_variable_and_the_place(self):
        for value, code, place in [
            (None, "missing", None),
            ("", "missing", None),
            (",", "bad-key", 1),
            ("test", "not-two-keys", None),
            (key(1), "not-two-keys", None),
            (f"{PAIR},{key(3)}", "not-two-keys", None),
            (f"{key(2)}, {key(1)}", "bad-key", 2),
            (f"{PAIR}\n", "bad-key", 2),
            (f" {PAIR}", "bad-key", 1),
            (f"{key(2)},{key(1).lower()}", "bad-key", 2),
            (f"{key(2)},{key(1)[:-1]}", "bad-key", 2),
            (f"{key(2)},", "bad-key", 2),
            (f"{key(2)},{'１' * 64}", "bad-key", 2),
            (f"{key(2)},{key(2)}", "same-key-twice", 2),
        ]:
            for named in ("SECURE_KEY", "SERVICE_ONE_SECURE_KEY"):
                with self.subTest(value=value, named=named):
                    error = self.refused(var=named, env={} if value is None else {named: value})
                    self.assertEqual((error.code, error.variable, error.place), (code, named, place))
                    self.assertIn(named, str(error))
                    for part in (value or "").replace(",", " ").split():
                        self.assertNotIn(part, f"{error} {error!r}")

    def test_another_variable_has_its_keyring_in_the_variable_with_ring_behind_its_name(self):
        env = {f"SERVICE_ONE_{name}": value for name, value in variables(0).items()}
        warnings = []
        made = keyring(var="SERVICE_ONE_SECURE_KEY", env=env, on_warning=lambda code, _: warnings.append(code))
        self.assertEqual((made.kid, made.keys[0].version, warnings), (kid(2), 2, []))

    def test_a_keyring_that_is_wrong_costs_one_warning_and_the_app_goes_on_with_two_keys(self):
        other = json.loads(variables(1)["SECURE_KEYRING"])
        for told, code in [
            (None, "keyring-missing"),
            ("", "keyring-missing"),
            ("[" * 8000, "keyring-unreadable"),
            ("9" * 8193, "keyring-unreadable"),
            ("NaN", "keyring-unreadable"),
            ('{"v":"1"}', "keyring-other-form"),
            ('{"v":true}', "keyring-other-form"),
            ('{"v":1}', "keyring-unreadable"),
            (json.dumps(other), "keyring-other-keys"),
        ]:
            with self.subTest(told=told and told[:20]):
                env = {"SECURE_KEY": PAIR, **({} if told is None else {"SECURE_KEYRING": told})}
                warnings = []
                made = keyring(env=env, on_warning=lambda code, message: warnings.append((code, message)))
                self.assertEqual([one[0] for one in warnings], [code])
                self.assertIn("SECURE_KEYRING", warnings[0][1])
                self.assertEqual([(k.kid, k.use, k.version) for k in made.keys], [(kid(2), "sign", None), (kid(1), "verify", None)])

    def test_whatever_a_keyring_holds_costs_one_warning_at_most(self):
        chance = random.Random(11)
        odd = ["null", "-1", "1.5", "1e999", "true", "[]", "{}", '""', '"x"', '"\\ud800"', "[[]]", '"2026-02-30T00:00:00.000Z"']
        whole = variables(0, announced=True)["SECURE_KEYRING"]
        parts = re.split(r'("[^"]*"|[0-9]+|null)', whole)
        for _ in range(3_000):
            changed = list(parts)
            for place in chance.choices(range(1, len(parts), 2), k=chance.randint(1, 3)):
                changed[place] = chance.choice(odd)
            warnings = []
            made = keyring(env={"SECURE_KEY": PAIR, "SECURE_KEYRING": "".join(changed)}, on_warning=lambda *told: warnings.append(told))
            self.assertLessEqual(len(warnings), 1)
            self.assertTrue(made.verify(made.sign("user", purpose="a", expires_in=60), purpose="a"))

    def test_without_a_listener_the_warning_goes_to_the_log_once(self):
        with self.assertLogs("securekey", logging.WARNING) as logged:
            keyring(env={"SECURE_KEY": PAIR})
        self.assertEqual(len(logged.records), 1)
        self.assertIn("keyring-missing", logged.output[0])

    def test_a_listener_that_raises_stops_no_app(self):
        def listener(code, message):
            raise RuntimeError(code)

        self.assertEqual(keyring(env={"SECURE_KEY": PAIR}, on_warning=listener).kid, kid(2))

    def test_a_value_that_is_given_without_a_keyring_costs_no_warning(self):
        warnings = []
        keyring(value=PAIR, on_warning=lambda *told: warnings.append(told))
        keyring(value=PAIR, keyring_value=variables(0)["SECURE_KEYRING"], on_warning=lambda *told: warnings.append(told))
        self.assertEqual(warnings, [])

    def test_an_option_of_another_form_is_refused_by_its_name(self):
        for options in [
            {"var": ""},
            {"var": "A B"},
            {"var": None},
            {"var": "A\n"},
            {"value": b"x"},
            {"value": 17},
            {"value": PAIR, "keyring_value": {}},
            {"env": "text"},
            {"env": {"SECURE_KEY": 17}},
            {"settle": -1},
            {"settle": float("nan")},
            {"settle": "600"},
            {"settle": True},
            {"max_life": 0},
            {"max_life": "1 week"},
            {"max_life": 10**9},
            {"now": 17},
            {"now": None},
            {"started_at": "now"},
            {"started_at": 10**400},
            {"on_stale": "x"},
            {"on_warning": "x"},
        ]:
            with self.subTest(options=options):
                error = self.refused(**{"env": variables(0), **options})
                wanted = [name for name in options if name != "value" or len(options) == 1]
                self.assertEqual((error.code, error.place), ("bad-option", wanted[0]))

    def test_a_signature_is_good_for_as_long_as_the_keyring_says_and_the_app_states_never_longer(self):
        clock = Clock()
        week = 7 * 86_400
        self.assertEqual(ring(0, clock).guaranteed_life, week)
        self.assertEqual(ring(0, clock, max_life="30d").guaranteed_life, week)
        self.assertEqual(ring(0, clock, max_life="1d").guaranteed_life, 86_400)
        for odd in (None, 0, -1, 1.5, "7", True, 315_360_001, [1]):
            self.assertEqual(ring(0, clock, good_for=odd).guaranteed_life, 43_200)
        env = variables(0, good_for=17)
        env["SECURE_KEYRING"] = env["SECURE_KEYRING"].replace('"good_for":17', f'"good_for":{"9" * 5_000}')
        self.assertEqual((ring(0, clock, env=env).guaranteed_life, ring(0, clock, env=env).keys[0].version), (43_200, 2))
        self.assertEqual(keyring(value=PAIR).guaranteed_life, 43_200)
        self.assertEqual(keyring(value=PAIR, max_life="7d").guaranteed_life, week)

    def test_the_reason_of_a_rotation_is_shown_as_forty_printable_characters_at_most(self):
        for given, shown in [("revoke", "revoke"), ("a\n\x1b[2J\ud800é", "a??[2J??"), ("x" * 5_000, "x" * 40), ("", "")]:
            self.assertEqual(keyring(env=variables(0, reason=given)).reason, shown)


if __name__ == "__main__":
    unittest.main()
