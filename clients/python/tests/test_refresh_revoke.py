"""What a ring holds while keys are revoked and not replaced yet, and after it."""

import unittest

from rings import key, kid, revoked, rotated_at
from service import REVOKED, Process, Service, given


class Revokes(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock
        self.process = Process(self.service, settle=0)
        self.process.turn()

    def revoke(self):
        self.service.answers = [given(503, REVOKED)]
        return self.process.wait()

    def test_while_keys_are_revoked_and_not_replaced_nothing_that_was_held_is_accepted(self):
        made = self.process.ring
        token = made.sign("user", purpose="login", expires_in="1h")
        self.assertEqual(self.revoke(), 10.5)
        self.assertEqual(made.verify(token, purpose="login").reason, "unknown-key")
        self.assertEqual([(one.use, one.version) for one in made.keys], [("sign", None)])
        self.assertNotIn(made.kid, (kid(1), kid(2)))
        self.assertEqual((made.reason, made.next_rotation_at, made.guaranteed_life), ("revoke", None, 604_800))
        self.assertTrue(made.verify(made.sign("user", purpose="login", expires_in="1h"), purpose="login"))
        self.assertEqual(len(made.secrets()), 1)
        self.assertEqual(self.process.stats["state"], "revoked")

    def test_the_key_of_the_meantime_is_made_by_chance_once_and_told_once(self):
        self.revoke()
        first = self.process.ring.kid
        self.revoke()
        self.assertEqual(self.process.ring.kid, first)
        self.assertEqual([one[:2] for one in self.process.told], [("on_warning", "refresh-revoked"), ("on_changed", first)])
        other = Process(self.service)
        self.service.answers = [given(503, REVOKED)]
        other.turn()
        self.assertNotEqual(other.ring.kid, first)

    def test_the_successors_are_taken_as_soon_as_they_are_there_and_sign_at_once(self):
        self.revoke()
        token = self.process.ring.sign("user", purpose="login", expires_in="1h")
        self.service.publish(0, env=revoked(0))
        self.process.wait()
        self.assertNotIn("If-None-Match", self.service.asked[-1])
        self.assertEqual((self.process.ring.kid, self.process.stats["state"]), (kid(102), "fresh"))
        self.assertEqual(self.process.ring.verify(token, purpose="login").reason, "unknown-key")

    def test_the_keys_that_were_revoked_do_not_come_back(self):
        self.revoke()
        self.process.wait()
        self.assertEqual((self.process.stats["failure"], self.process.stats["state"]), ("older", "revoked"))
        self.assertNotIn(self.process.ring.kid, (kid(1), kid(2)))

    def test_a_newer_keyring_that_still_names_a_key_that_was_revoked_is_not_taken(self):
        self.revoke()
        self.clock.at = rotated_at(1)
        self.service.publish(1)
        self.process.wait()
        self.assertEqual((self.process.stats["failure"], self.process.stats["state"]), ("older", "revoked"))
        self.service.publish(2)
        self.process.wait()
        self.assertEqual(self.process.stats["state"], "fresh")

    def test_other_keys_of_a_version_that_was_revoked_are_not_taken(self):
        self.revoke()
        signing = {"kid": kid(90), "version": 2, "use": "sign", "until": None}
        self.service.publish(0, secret_key=f"{key(90)},{key(91)}", keys=[signing])
        self.process.wait()
        self.assertEqual(self.process.stats["failure"], "older")

    def test_failures_in_the_meantime_bring_nothing_back(self):
        self.revoke()
        first = self.process.ring.kid
        self.service.answers = [given(500)]
        self.process.wait()
        self.assertEqual((self.process.ring.kid, self.process.stats["state"]), (first, "revoked"))

    def test_a_revoke_that_is_over_before_anybody_asked_is_taken_like_a_rotation_and_keeps_nothing(self):
        token = self.process.ring.sign("user", purpose="login", expires_in="1h")
        self.service.publish(0, env=revoked(0))
        self.process.wait()
        self.assertEqual((self.process.ring.kid, self.process.ring.verify(token, purpose="login").reason), (kid(102), "unknown-key"))


if __name__ == "__main__":
    unittest.main()
