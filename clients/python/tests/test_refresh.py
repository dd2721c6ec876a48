"""What a ring does with the answers of the service."""

import unittest
from datetime import timedelta

from rings import iso, key, kid, revoked, ring, rotated_at, variables
from service import REVOKED, Process, Service, given, http_date


def body(generation, **told):
    env = variables(generation, **told)
    return {"secure_key": env["SECURE_KEY"], "secure_keyring": env["SECURE_KEYRING"]}


class Refresh(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock

    def process(self, generation=0, **options):
        return Process(self.service, generation, **options)

    def test_a_rotation_is_taken_while_the_process_runs_and_the_old_key_stays_to_its_end(self):
        process = self.process()
        process.turn()
        self.clock.at = rotated_at(1) - timedelta(hours=1)
        token = process.ring.sign("user", purpose="login", expires_in="7d")
        self.clock.at = rotated_at(1)
        self.service.publish(1)
        process.turn()
        self.assertEqual([one.kid for one in process.ring.keys], [kid(3), kid(2)])
        self.assertTrue(process.ring.verify(token, purpose="login"))
        self.assertEqual((process.ring.next_rotation_at, process.told), (rotated_at(2), [("on_changed", kid(2), "scheduled")]))
        self.service.publish(2)
        process.wait()
        self.assertEqual(process.ring.verify(token, purpose="login").reason, "unknown-key")

    def test_an_answer_that_changes_no_key_is_told_to_nobody(self):
        process = self.process()
        process.turn()
        self.service.publish(0, next_rotation_at=iso(rotated_at(1) + timedelta(hours=1)))
        process.wait()
        self.assertEqual((process.stats["taken"], process.told), (2, []))
        self.assertEqual(process.ring.next_rotation_at, rotated_at(1) + timedelta(hours=1))

    def test_the_tag_of_an_answer_is_sent_with_the_next_request_and_304_for_ever_keeps_the_keys(self):
        process = self.process()
        process.turn()
        for _ in range(30):
            process.wait()
        self.assertEqual([one.get("If-None-Match") for one in self.service.asked], [None] + [self.service.etag] * 30)
        self.assertEqual((process.stats["unchanged"], process.stats["state"], process.ring.kid), (30, "fresh", kid(2)))

    def test_without_a_keyring_in_the_variables_the_first_answer_brings_it(self):
        process = self.process(variables_of={"SECURE_KEY": variables(3)["SECURE_KEY"]})
        process.turn()
        self.assertEqual(process.ring.keys[0].version, 2)

    def test_a_keyring_of_a_restart_and_one_that_was_picked_up_settle_alike(self):
        """The key that all processes know signs on, for as long as a process that asks once an hour may not know the new one."""
        process = self.process()
        process.turn()
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        self.service.publish(1)
        process.turn()
        token = process.ring.sign("user", purpose="login", expires_in="1h")
        self.assertTrue(ring(0, self.clock).verify(token, purpose="login"))
        self.clock.pass_by(seconds=4_199)
        self.assertEqual(process.ring.kid, kid(2))
        self.clock.pass_by(seconds=1)
        self.assertEqual(process.ring.kid, kid(3))

    def test_an_answer_that_names_the_same_first_key_begins_no_settle_time_anew(self):
        process = self.process()
        process.turn()
        self.clock.at = rotated_at(1)
        self.service.publish(1)
        process.turn()
        self.clock.pass_by(seconds=4_000)
        self.service.publish(1, next_rotation_at=iso(rotated_at(2) + timedelta(hours=1)))
        process.wait()
        self.clock.pass_by(seconds=200)
        self.assertEqual((process.stats["taken"], process.ring.kid), (3, kid(3)))

    def test_the_settle_time_can_be_chosen_with_live_pick_up_too(self):
        process = self.process(settle=0)
        self.clock.at = rotated_at(1)
        self.service.publish(1)
        process.turn()
        self.assertEqual(process.ring.kid, kid(3))

    def test_a_key_that_was_announced_is_accepted_before_it_is_the_one_that_signs(self):
        process = self.process()
        self.service.publish(0, announced=True)
        process.turn()
        self.clock.at = rotated_at(1)
        token = ring(1, self.clock).sign("user", purpose="login", expires_in="1h")
        self.assertEqual((process.ring.verify(token, purpose="login").kid, process.ring.kid), (kid(3), kid(2)))

    def test_after_401_or_410_it_asks_no_more_says_so_once_and_keeps_its_keys(self):
        for status, code in ((401, "unauthenticated"), (410, "resource-gone")):
            process = self.process()
            token = process.ring.sign("user", purpose="login", expires_in="1h")
            self.service.answers = [given(status)]
            asked = len(self.service.asked)
            self.assertIsNone(process.turn())
            self.clock.pass_by(days=1)
            self.assertIsNone(process.turn())
            self.assertEqual((process.stats["state"], process.stats["stopped"]), ("stopped", code))
            self.assertEqual([one[:2] for one in process.told], [("on_warning", "refresh-stopped"), ("on_stopped", code)])
            self.clock.pass_by(days=-1)
            self.assertTrue(process.ring.verify(token, purpose="login"))
            self.assertFalse(process.ring._background._poll.early())
            process.ring.verify(ring(5, self.clock).sign("user", purpose="login", expires_in=60), purpose="login")
            self.assertIsNone(process.turn())
            self.assertEqual(len(self.service.asked) - asked, 1)

    def test_a_stop_goes_to_the_log_as_an_error_where_nobody_listens(self):
        process = self.process(on_warning=None)
        self.service.answers = [given(401)]
        with self.assertLogs("securekey", "ERROR") as logged:
            process.turn()
        self.assertRegex("".join(logged.output), "ERROR:securekey:SECURE_KEY: .*unauthenticated.*refresh-stopped")

    def test_what_a_listener_raises_stops_nothing(self):
        def listener(*_):
            raise RuntimeError

        def leaving(*_):
            raise SystemExit

        process = self.process(on_warning=listener, on_changed=leaving, on_stopped=listener)
        self.service.answers = [given(500)] * 3 + [given(503, REVOKED)]
        for _ in range(4):
            process.wait()
        self.service.publish(2)
        process.wait()
        self.assertEqual((process.stats["state"], process.ring.keys[0].kid), ("fresh", kid(4)))

    def test_what_cannot_break_ends_nothing_when_it_does(self):
        process = self.process()

        def broken():
            raise ZeroDivisionError

        self.service.answers = [broken]
        self.assertEqual(process.turn(), 300)
        process.wait()
        self.assertEqual(process.stats["state"], "fresh")

    def test_a_clock_that_tells_no_time_holds_nothing_up(self):
        process = self.process()
        process.ring._clock._now = lambda: None
        self.service.publish(1)
        self.assertEqual(process.turn(), 3_600)
        self.service.answers = [given(500, retry_after=http_date(self.clock.at)), given(503, REVOKED)]
        self.assertEqual(process.wait(), 1)
        self.assertEqual(process.wait(), 10.5)
        self.assertEqual((process.stats["taken"], process.stats["state"]), (1, "revoked"))

    def test_a_ring_that_is_closed_asks_no_more_and_does_not_take_what_was_under_way(self):
        process = self.process()

        def closing():
            process.ring.close()
            return given(200, body(1))

        self.service.answers = [closing]
        self.assertIsNone(process.turn())
        self.assertIsNone(process.turn())
        self.assertEqual((len(self.service.asked), process.ring.keys[0].kid), (1, kid(2)))


if __name__ == "__main__":
    unittest.main()
