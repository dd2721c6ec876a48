"""What a ring does with the answers of the service."""

import json
import sys
import threading
import unittest
from datetime import timedelta

from rings import iso, key, kid, revoked, ring, rotated_at, variables
from securekey._ring import Ring
from service import REVOKED, Process, Service, given, slow

#: Each is a failure that changes nothing: the answer, and the word for it.
FAILURES = [
    (slow(), "too-slow"),
    (given(304), "not-asked"),
    (given(301, location="https://elsewhere.example/v1/keyring"), "redirected"),
    (given(307), "redirected"),
    (given(429), "too-many-requests"),
    (given(400), "refused"),
    (given(403), "refused"),
    (given(404), "refused"),
    (given(500), "server-error"),
    (given(502, b"<html>"), "server-error"),
    (given(503), "server-error"),
    (given(503, {"type": "urn:securekey:problem:not-now"}), "server-error"),
    (given(503, b"\xff"), "server-error"),
    (given(503, [REVOKED["type"]]), "server-error"),
    (given(204), "server-error"),
    (given(999), "server-error"),
    (given(200), "unreadable"),
    (given(200, b"\xff\xfe"), "unreadable"),
    (given(200, b"[" * 60_000), "unreadable"),
    (given(200, b"9" * 60_000), "unreadable"),
    (given(200, []), "unreadable"),
    (given(200, {}), "unreadable"),
]


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

    def test_a_tag_of_another_form_is_not_sent(self):
        for tag in ("x", '"a', '"a"b"', '"é"', '"a\n"', f'"{"a" * 199}"', ""):
            service = Service(clock=self.clock)
            process = Process(service)
            service.answers = [given(200, body(0), etag=tag)]
            process.turn()
            process.wait()
            self.assertNotIn("If-None-Match", service.asked[1], tag)

    def test_no_failure_takes_a_key_away_and_each_is_told_by_a_word(self):
        for answer, word in FAILURES:
            with self.subTest(answer=answer, word=word):
                process = self.process()
                token = process.ring.sign("user", purpose="login", expires_in="1h")
                self.service.answers = [answer] * 3
                process.turn()
                self.assertEqual((process.stats["failure"], process.stats["state"]), (word, "failing"))
                process.wait(), process.wait()
                self.assertTrue(process.ring.verify(token, purpose="login"))
                self.assertEqual([one[:2] for one in process.told], [("on_warning", "refresh-failing")])
                self.assertIn(word, process.told[0][2])
                process.wait()
                self.assertEqual((process.stats["failure"], process.stats["state"], process.stats["failed"]), (None, "fresh", 3))
                self.service.check_ins.clear()

    def test_an_answer_with_keys_is_believed_only_if_it_is_as_right_as_the_variables(self):
        good = body(1)
        keyring = json.loads(good["secure_keyring"])
        for changed in [
            {"secure_key": good["secure_key"] + "\n"},
            {"secure_key": f"{key(3)},{key(3)}"},
            {"secure_key": None},
            {"secure_key": [good["secure_key"]]},
            {"secure_keyring": None},
            {"secure_keyring": ""},
            {"secure_keyring": keyring},
            {"secure_keyring": json.dumps({**keyring, "v": 2})},
            {"secure_keyring": json.dumps({**keyring, "next_rotation_at": "soon"})},
            {"secure_keyring": body(2)["secure_keyring"]},
            {"secure_keyring": good["secure_keyring"] + " " * 8_192},
        ]:
            self.service.answers = [given(200, {**good, **changed})]
            process = self.process()
            process.turn()
            self.assertEqual((process.stats["failure"], process.ring.keys[0].kid), ("unreadable", kid(2)), changed)

    def test_an_answer_of_another_type_is_not_read(self):
        for told in ({"content-type": "text/html"}, {"content-type": "application/jsonx"}, {"content-encoding": "gzip"}):
            self.service.answers = [given(200, body(1), **told)]
            process = self.process()
            process.turn()
            self.assertEqual(process.stats["failure"], "unreadable", told)

    def test_no_answer_takes_the_process_back_to_an_older_key(self):
        process = self.process(2)
        self.service.publish(1)
        for _ in range(4):
            process.wait()
        self.assertEqual((process.stats["failure"], process.ring.keys[0].kid), ("older", kid(4)))
        self.assertEqual([one[1] for one in process.told], ["refresh-failing"])

    def test_no_answer_gives_a_version_another_key(self):
        process = self.process(1)
        other = variables(1, secret_key=f"{key(90)},{key(91)}", keys=[
            {"kid": kid(90), "version": 4, "use": "sign", "until": None},
            {"kid": kid(91), "version": 3, "use": "verify", "until": iso(rotated_at(2))},
        ])  # fmt: skip
        self.service.publish(1, env=other)
        process.turn()
        self.assertEqual((process.stats["failure"], process.ring.keys[0].kid), ("other-key", kid(3)))

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
        self.service.publish(1)
        process.wait()
        self.assertEqual((process.stats["state"], process.ring.keys[0].kid), ("fresh", kid(3)))

    def test_what_cannot_break_ends_nothing_when_it_does(self):
        process = self.process()

        def broken():
            raise ZeroDivisionError

        self.service.answers = [broken]
        self.assertEqual(process.turn(), 300)
        process.wait()
        self.assertEqual(process.stats["state"], "fresh")

    def test_a_ring_that_is_closed_asks_no_more_and_does_not_take_what_was_under_way(self):
        process = self.process()

        def closing():
            process.ring.close()
            return given(200, body(1))

        self.service.answers = [closing]
        self.assertIsNone(process.turn())
        self.assertIsNone(process.turn())
        self.assertEqual((len(self.service.asked), process.ring.keys[0].kid), (1, kid(2)))

    def test_whoever_reads_while_keys_are_taken_sees_the_one_ring_or_the_other_whole(self):
        made = self.process(1, settle=0).ring
        rings = [ring(generation, self.clock)._ring for generation in (1, 2)]
        whole = [[key(3), key(2)], [key(4), key(3)]]
        token = made.sign("user", purpose="a", expires_in="1h")
        problems, reads, over = [], [], threading.Event()

        def read():
            while not over.is_set():
                reads.append(1)
                shown = made.as_dict()
                if made.secrets() not in whole or made._settled() not in whole or shown["kid"] != shown["keys"][0]["kid"] or not made.verify(token, purpose="a"):
                    problems.append("half of a ring")
                try:
                    made.sign("user", purpose="a", expires_in=60)
                except Exception as error:  # noqa: BLE001
                    problems.append(repr(error))

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        readers = [threading.Thread(target=read) for _ in range(4)]
        try:
            for one in readers:
                one.start()
            for number in range(100_000):
                made._swap(rings[number % 2])
                if len(reads) > 1_500:
                    break
        finally:
            over.set()
            for one in readers:
                one.join(10)
            sys.setswitchinterval(interval)
        self.assertEqual(problems[:3], [])

    def test_what_began_with_the_ring_before_ends_with_it(self):
        process = self.process(1, settle=0)
        made, alone, newer = process.ring, ring(1, self.clock), ring(5, self.clock)._ring

        class Replaced(Ring):
            """In the middle of whatever asks it, another one takes its place."""

            __slots__ = ()

            def signing(self, *arguments):
                made._swap(newer)
                return super().signing(*arguments)

            def accepted(self, *arguments):
                made._swap(newer)
                return super().accepted(*arguments)

        replaced = ring(1, self.clock)._ring
        replaced.__class__ = Replaced
        token = alone.sign("user", purpose="a", expires_in=60)
        for use in (
            lambda one: one.kid,
            lambda one: one.secrets(),
            lambda one: one.itsdangerous(),
            lambda one: one._present(),
            lambda one: one.derive("a"),
            lambda one: one.derive("a", kid=kid(2)),
            lambda one: one.sign("user", purpose="a", expires_in=60),
            lambda one: one.verify(token, purpose="a"),
            lambda one: one.as_dict(),
        ):
            made._swap(replaced)
            self.assertEqual(use(made), use(alone))
            self.assertEqual(list(made.stats()["signed"]), [kid(7), kid(6)])


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
