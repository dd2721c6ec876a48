"""What a process says of itself to the service."""

import os
import unittest

from rings import kid, rotated_at
from service import REVOKED, Process, Service, given, slow


#: Of a key that nobody has.
UNKNOWN = f"sk1.00000000.9999999999.QQ.{'A' * 43}"


class CheckIns(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock

    def test_after_each_answer_with_or_without_keys_it_says_which_key_it_signs_with(self):
        process = Process(self.service, env={"HEROKU_APP_NAME": "shop", "DYNO": "web.1"})
        process.turn()
        process.wait()
        said = {"app": "shop", "process": f"web.1/{os.getpid()}", "signs_with": kid(2), "version": 2}
        self.assertEqual((self.service.check_ins, process.stats["check_ins"]), ([said, said], 2))

    def test_no_failure_no_revoke_and_no_end_is_followed_by_one(self):
        process = Process(self.service)
        self.service.answers = [given(500), slow(), given(503, REVOKED), given(401)]
        for _ in range(4):
            process.wait()
        self.assertEqual(self.service.check_ins, [])

    def test_the_names_of_the_options_count_before_those_of_the_environment(self):
        refresh = {"app": "store", "process": "clock"}
        process = Process(self.service, env={"HEROKU_APP_NAME": "shop", "DYNO": "web.1"}, refresh=refresh)
        process.turn()
        self.assertEqual([self.service.check_ins[0][name] for name in ("app", "process")], ["store", "clock"])

    def test_names_of_the_environment_that_are_odd_count_as_not_there(self):
        for name in ("é", "", "x" * 65, "a\nb"):
            Process(self.service, env={"HEROKU_APP_NAME": name, "DYNO": name}).turn()
            self.assertEqual([self.service.check_ins[-1][one] for one in ("app", "process")], [None, None])

    def test_a_long_name_of_a_dyno_leaves_room_for_the_number_of_the_process(self):
        Process(self.service, env={"DYNO": "x" * 64}).turn()
        said = self.service.check_ins[0]["process"]
        self.assertEqual((len(said), said.endswith(f"x/{os.getpid()}")), (64, True))

    def test_nothing_is_counted_for_the_service_unless_the_app_wants_it(self):
        process = Process(self.service)
        process.ring.verify(process.ring.sign("user", purpose="a", expires_in=60), purpose="a")
        process.turn()
        self.assertEqual(sorted(self.service.check_ins[0]), ["app", "process", "signs_with", "version"])

    def test_with_telemetry_it_tells_by_key_how_many_tokens_were_good_and_how_many_had_a_bad_mac(self):
        process = Process(self.service, refresh={"telemetry": True}, settle=0)
        made = process.ring
        token = made.sign("user-17", purpose="a", expires_in="7d")
        for given_token, purpose in [(token, "a"), (token, "a"), (token, "b"), (UNKNOWN, "a"), ("", "a")]:
            made.verify(given_token, purpose=purpose)
        process.turn()
        self.assertEqual(self.service.check_ins[0]["counts"], [{"kid": kid(2), "good": 2, "bad": 1}, {"kid": kid(1), "good": 0, "bad": 0}])
        self.assertNotIn("user-17", str(self.service.check_ins))

    def test_what_was_told_is_not_told_again_and_what_was_not_heard_is(self):
        process = Process(self.service, refresh={"telemetry": True})
        made = process.ring
        token = made.sign("user", purpose="a", expires_in="7d")
        told = []
        for status in (204, 500, 204, 204):
            made.verify(token, purpose="a")
            self.service.check_in_status = status
            process.wait()
            told.append(self.service.check_ins[-1]["counts"][0]["good"])
        self.assertEqual(told, [1, 1, 2, 1])
        self.assertEqual((process.stats["check_ins"], process.stats["check_ins_failed"]), (3, 1))

    def test_counts_of_keys_that_are_gone_are_forgotten(self):
        process = Process(self.service, refresh={"telemetry": True}, settle=0)
        process.ring.verify(process.ring.sign("user", purpose="a", expires_in=60), purpose="a")
        for generation in range(1, 9):
            self.clock.at = rotated_at(generation)
            self.service.publish(generation)
            process.turn()
            process.ring.sign("user", purpose="a", expires_in=60)
        stats = process.ring.stats()
        self.assertEqual((list(stats["signed"]), list(stats["verified"])), ([kid(10), kid(9)], [kid(10), kid(9)]))
        self.assertEqual(len(process.ring._counts._reported), 2)

    def test_a_check_in_that_fails_is_no_failure_of_the_request_and_is_not_made_again(self):
        process = Process(self.service)
        self.service.check_in_status = 500
        self.assertEqual(process.turn(), 3_600)
        self.assertEqual((process.stats["state"], process.stats["check_ins_failed"], len(self.service.check_ins)), ("fresh", 1, 1))


if __name__ == "__main__":
    unittest.main()
