"""When a ring asks."""

import unittest
from datetime import timedelta

from rings import kid, ring, rotated_at
from service import REVOKED, Process, Service, given, http_date, slow
from securekey import _pace


def unknown(number=0):
    return f"sk1.{number:08x}.9999999999.QQ.{'A' * 43}"


class Pace(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock

    def process(self, **options):
        return Process(self.service, **options)

    def wait_after(self, answer, *, chance=0.5, times=1):
        process = self.process(chance=chance)
        self.service.answers = [answer] * times
        for _ in range(times):
            wait = process.wait()
        return wait

    def test_it_asks_at_once_and_then_as_the_service_says_from_a_minute_to_an_hour_and_never_all_together(self):
        for told, least, most in [
            ("300", 270, 330), ("60", 54, 66), ("1", 54, 66), ("0", 54, 66), ("3600", 3240, 3960), ("9" * 9, 3240, 3960),
            ("9" * 10, 3240, 3960), ("", 3240, 3960), ("-5", 3240, 3960), ("soon", 3240, 3960), ("60, 70", 3240, 3960), ("６０", 3240, 3960),
        ]:  # fmt: skip
            self.service.refresh_after = told
            waits = [self.process(chance=chance).turn() for chance in (0.0, 0.5, 0.999999)]
            self.assertAlmostEqual(waits[0], least, places=2, msg=told)
            self.assertAlmostEqual(waits[1], (least + most) / 2, places=2, msg=told)
            self.assertAlmostEqual(waits[2], most, delta=0.01, msg=told)

    def test_it_asks_within_a_minute_of_the_rotation_and_closely_until_it_has_come(self):
        self.clock.at = rotated_at(1) - timedelta(minutes=10)
        process = self.process()
        self.assertAlmostEqual(process.turn(), 630, places=2)
        self.assertAlmostEqual(process.wait(), 45, places=2)
        for _ in range(12):
            process.wait()
        self.assertGreater(self.clock.at, rotated_at(1) + timedelta(minutes=9))
        self.service.publish(1)
        process.wait()
        self.assertEqual(process.ring.keys[0].kid, kid(3))

    def test_it_never_asks_twice_within_a_second(self):
        self.clock.at = rotated_at(1) - timedelta(milliseconds=10)
        self.assertEqual(self.process(chance=0).turn(), 1)

    def test_a_rotation_that_does_not_come_is_asked_for_closely_for_ten_minutes_only(self):
        self.clock.at = rotated_at(1) + timedelta(minutes=10)
        self.assertEqual(self.process().turn(), 3_600)
        self.clock.at -= timedelta(seconds=1)
        self.assertEqual(self.process().turn(), 45)

    def test_it_asks_one_second_after_its_settle_time_so_that_its_new_key_is_told(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=5)
        self.service.publish(1)
        process = self.process(settle=600)
        self.assertEqual(process.turn(), 601)
        process.wait()
        self.assertEqual([one["signs_with"] for one in self.service.check_ins], [kid(2), kid(3)])

    def test_after_failures_it_waits_longer_and_longer_by_chance_and_never_beyond_five_minutes(self):
        for times, most in ((1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (60, 300)):
            self.assertAlmostEqual(self.wait_after(slow(), chance=0.9999999, times=times), most, places=3)
            self.assertEqual(self.wait_after(slow(), chance=0, times=times), 1)

    def test_a_success_begins_the_waits_anew(self):
        process = self.process()
        self.service.answers = [slow()] * 6
        for _ in range(7):
            process.wait()
        self.service.answers = [slow()]
        self.assertEqual(process.wait(), 1)

    def test_what_a_failure_says_of_when_to_come_again_is_obeyed_up_to_an_hour(self):
        for told, wait in [
            ("120", 126), ("3601", 3_780), ("9" * 9, 3_780), ("0", 1), ("x", 1), ("-3", 1), ("1.5", 1), ("1, 2", 1), ("９", 1),
            (http_date(self.clock.at + timedelta(seconds=200)), 210),
            (http_date(self.clock.at + timedelta(days=2)), 3_780),
            (http_date(self.clock.at - timedelta(days=2)), 1),
            ("Thu, 99 Nov 2026 01:02:03 GMT", 1), ("Thu, 26 Nix 2026 01:02:03 GMT", 1), ("Thu, 26 Nov 2026 25:02:03 GMT", 1),
        ]:  # fmt: skip
            for status in (429, 500, 503):
                self.assertAlmostEqual(self.wait_after(given(status, retry_after=told)), wait, places=2, msg=told)

    def test_a_date_is_read_in_english_whatever_the_language_of_the_machine(self):
        self.assertEqual(_pace.seconds_in("Thu, 01 Jan 1970 00:01:40 GMT", 40.0), 60)

    def test_after_a_revoke_it_asks_again_within_a_minute(self):
        for told, wait in (("10", 10.5), ("3600", 63), ("0", 1.05), ("x", 10.5), (None, 10.5)):
            answer = given(503, REVOKED, **({} if told is None else {"retry_after": told}))
            self.assertAlmostEqual(self.wait_after(answer), wait, places=2)

    def test_a_token_of_an_unknown_key_has_it_ask_early_once_in_thirty_seconds_whatever_comes_of_it(self):
        process = self.process()
        process.turn()
        for number in range(5):
            process.ring.verify(unknown(number), purpose="login")
        wait = ring(1, self.clock).sign("user", purpose="login", expires_in=60)
        self.assertEqual(process.ring.verify(wait, purpose="login").reason, "unknown-key")
        self.service.answers = [slow()]
        asked = len(self.service.asked)
        self.asks(process, asked + 1)
        self.clock.pass_by(seconds=29.9)
        process.turn()
        asked = len(self.service.asked)
        process.ring.verify(unknown(), purpose="login")
        self.asks(process, asked)
        self.clock.pass_by(seconds=0.1)
        process.ring.verify(unknown(), purpose="login")
        self.asks(process, asked + 1)

    def asks(self, process, times):
        process.turn()
        self.assertEqual(len(self.service.asked), times)

    def test_an_early_request_does_not_come_before_the_service_said(self):
        process = self.process()
        self.service.answers = [given(429, retry_after="600")]
        process.turn()
        process.ring.verify(unknown(), purpose="login")
        self.asks(process, 1)
        self.clock.pass_by(seconds=631)
        process.turn()
        self.assertEqual(process.stats["state"], "fresh")

    def test_a_failure_without_a_date_does_not_hold_an_early_request_back(self):
        process = self.process()
        self.service.answers = [slow()] * 9
        for _ in range(9):
            process.wait()
        process.ring.verify(unknown(), purpose="login")
        self.asks(process, 10)

    def test_a_token_of_a_known_key_or_of_no_form_has_nobody_ask(self):
        process = self.process()
        process.turn()
        for token in (None, "x", f"sk1.{kid(2)}.1.QQ.{'A' * 43}", process.ring.sign("user", purpose="a", expires_in=1)):
            process.ring.verify(token, purpose="login")
        self.asks(process, 1)

    def test_no_early_request_is_made_while_one_is_under_way(self):
        process = self.process()

        early = []

        def meanwhile():
            early.append(process.ring._background._poll.early())
            return given(500)

        self.service.answers = [meanwhile]
        process.turn()
        early.append(process.ring._background._poll.early())
        self.assertEqual(early, [False, True])


if __name__ == "__main__":
    unittest.main()
