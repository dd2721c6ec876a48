"""What an answer is, and that it is believed as little as the variables are."""

import json
import unittest

from rings import iso, key, kid, rotated_at, variables
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
    (given(503, REVOKED, content_type="text/html"), "server-error"),
    (given(503, REVOKED, content_encoding="gzip"), "server-error"),
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


class Answers(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock

    def process(self, generation=0, **options):
        return Process(self.service, generation, **options)

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


if __name__ == "__main__":
    unittest.main()
