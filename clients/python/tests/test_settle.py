import unittest
from datetime import timedelta

from rings import PERIOD, Clock, iso, key, kid, ring, rotated_at, variables


class Settle(unittest.TestCase):
    """A process restarted into the ring after one rotation: key 3 is the first, key 2 the second."""

    def setUp(self):
        self.clock = Clock(rotated_at(1) + timedelta(seconds=30))

    def signing(self, settle=600, **told):
        return ring(1, self.clock, settle=settle, **told).kid

    def test_a_process_that_has_just_restarted_signs_with_the_second_key_and_later_with_the_first(self):
        settled = ring(1, self.clock, settle=600)
        old = ring(0, self.clock)
        token = settled.sign("user", purpose="login", expires_in="1h")
        self.assertTrue(old.verify(token, purpose="login"))
        self.assertEqual((settled.kid, settled.verify(token, purpose="login").renew), (kid(2), False))
        self.clock.pass_by(seconds=599, milliseconds=999)
        self.assertEqual(settled.kid, kid(2))
        self.clock.pass_by(milliseconds=1)
        self.assertEqual((settled.kid, settled.verify(token, purpose="login").renew), (kid(3), True))
        newer = settled.sign("user", purpose="login", expires_in="1h")
        self.assertEqual(old.verify(newer, purpose="login").reason, "unknown-key")

    def test_a_token_of_the_first_key_is_not_to_be_renewed_by_one_that_settles(self):
        settled = ring(1, self.clock, settle=600)
        token = ring(1, self.clock).sign("user", purpose="login", expires_in="1h")
        self.assertFalse(settled.verify(token, purpose="login").renew)

    def test_the_settle_time_can_be_turned_off(self):
        self.assertEqual((self.signing(settle=0), self.signing(settle=0.001)), (kid(3), kid(2)))

    def test_it_stays_off_where_the_clock_is_put_back_behind_the_start_of_the_process(self):
        made = ring(1, self.clock, settle=0)
        self.clock.pass_by(seconds=-20)
        self.assertEqual((made.kid, made.secrets()[0]), (kid(3), key(3)))

    def test_nobody_settles_after_a_revoke_or_a_provision(self):
        self.assertEqual([self.signing(reason=one) for one in ("revoke", "provision")], [kid(3)] * 2)
        self.assertEqual([self.signing(reason=one) for one in ("manual", "scheduled", "x")], [kid(2)] * 3)

    def test_nobody_settles_on_a_filler(self):
        only = [{"kid": kid(3), "version": 3, "use": "sign", "until": None}]
        made = ring(1, self.clock, settle=600, keys=only)
        self.assertEqual((made.kid, made.keys[1].use, made.keys[1].version), (kid(3), "filler", None))

    def test_nobody_settles_without_a_keyring(self):
        self.assertEqual(self.signing(env={"SECURE_KEY": variables(1)["SECURE_KEY"]}, on_warning=lambda *_: None), kid(3))

    def test_nobody_settles_six_hours_after_the_rotation_or_more_than_five_minutes_before(self):
        for passed, signing in [
            (timedelta(hours=6), kid(3)),
            (timedelta(hours=6) - timedelta(milliseconds=1), kid(2)),
            (-timedelta(minutes=5), kid(2)),
            (-timedelta(minutes=5, milliseconds=1), kid(3)),
        ]:
            self.clock.at = rotated_at(1) + passed
            self.assertEqual(self.signing(), signing)

    def test_the_second_key_signs_only_what_ends_before_it(self):
        self.clock.at = rotated_at(1)
        two_hours = iso(rotated_at(1) + timedelta(hours=2))
        keys = [
            {"kid": kid(3), "version": 3, "use": "sign", "until": None},
            {"kid": kid(2), "version": 2, "use": "verify", "until": two_hours},
        ]
        made = ring(1, self.clock, settle=600, keys=keys)
        for life, signing in (("2h", 2), ("7201s", 3)):
            self.assertEqual(made.secrets(life)[0], key(signing))
            token = made.sign("user", purpose="login", expires_in=life)
            self.assertEqual(made.verify(token, purpose="login").kid, kid(signing))
        self.assertEqual((made.kid, made.secrets()[0]), (kid(3), key(3)))

    def test_the_list_begins_with_the_key_that_signs_and_ends_with_the_next_key(self):
        older = {"kid": kid(1), "version": 1, "use": "verify", "until": iso(self.clock.at + PERIOD), "key": key(1)}
        keys = [
            older,
            {"kid": kid(2), "version": 2, "use": "verify", "until": iso(rotated_at(1) + PERIOD)},
            {"kid": kid(4), "version": 4, "use": "next", "until": None, "key": key(4)},
            {"kid": kid(3), "version": 3, "use": "sign", "until": None},
        ]
        made = ring(1, self.clock, settle=600, keys=keys)
        self.assertEqual(made.secrets(), [key(number) for number in (2, 3, 1, 4)])
        self.assertEqual([one.kid for one in made.keys], [kid(number) for number in (4, 3, 2, 1)])
        self.clock.pass_by(minutes=10)
        self.assertEqual(made.secrets(), [key(number) for number in (3, 2, 1, 4)])
        self.clock.at = self.clock.at + PERIOD
        self.assertEqual(made.secrets(), [key(number) for number in (3, 2, 4)])

    def test_a_formation_half_restarted_reads_what_either_half_signs_to_and_fro_eight_times(self):
        for restarted, options in ((ring(1, self.clock, settle=600), {}), (ring(1, self.clock), {"announced": True})):
            old = ring(0, self.clock, **options)
            token = old.sign("user", purpose="login", expires_in="1h")
            for process in [restarted, old] * 4:
                self.assertTrue(process.verify(token, purpose="login"))
                token = process.sign("user", purpose="login", expires_in="1h")

    def test_without_settle_time_and_next_key_a_stale_process_refuses_what_a_restarted_one_signs(self):
        token = ring(1, self.clock).sign("user", purpose="login", expires_in="1h")
        self.assertEqual(ring(0, self.clock).verify(token, purpose="login").reason, "unknown-key")


if __name__ == "__main__":
    unittest.main()
