import os
import signal
import threading
import unittest

from rings import PERIOD, Clock, iso, key, kid, ring


class Counts(unittest.TestCase):
    def test_what_was_signed_verified_and_refused_is_counted_by_key_and_reason(self):
        clock = Clock()
        made = ring(0, clock)
        token = made.sign("user", purpose="login", expires_in=60)
        for given, purpose in [(token, "login"), (token, "login"), (token, "x"), ("", "login"), (token, "")]:
            made.verify(given, purpose=purpose)
        clock.pass_by(minutes=1)
        made.verify(token, purpose="login")
        self.assertEqual(
            made.stats(),
            {
                "signed": {kid(2): 1, kid(1): 0},
                "verified": {kid(2): 2, kid(1): 0},
                "refused": {"bad-purpose": 1, "malformed": 1, "unknown-key": 0, "bad-mac": 1, "expired": 1},
            },
        )

    def test_kids_of_others_are_not_counted_one_by_one(self):
        made = ring(0, Clock())
        for number in range(100):
            made.verify(f"sk1.{number:08x}.1.QQ.{'A' * 43}", purpose="login")
        self.assertEqual((len(made.stats()["verified"]), made.stats()["refused"]["unknown-key"]), (2, 100))

    def test_threads_lose_no_count(self):
        made = ring(0, Clock())
        token = made.sign("user", purpose="login", expires_in=60)
        work = lambda: [made.verify(token, purpose="login") for _ in range(500)]
        threads = [threading.Thread(target=work) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
        self.assertEqual(made.stats()["verified"][kid(2)], 4_000)

    @unittest.skipUnless(hasattr(signal, "raise_signal"), "there are no signals")
    def test_a_signal_that_comes_while_something_is_counted_can_ask_for_the_numbers(self):
        made = ring(0, Clock())
        told = []
        before = signal.signal(signal.SIGTERM, lambda *_: told.append(made._counts._guard().acquire(timeout=5)))
        try:
            with made._counts._guard():
                signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
        self.assertEqual(told, [True])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
    def test_a_process_forked_while_another_thread_counts_goes_on(self):
        made = ring(0, Clock())
        token = made.sign("user", purpose="login", expires_in=60)
        with made._counts._guard():
            child = os.fork()
            if child == 0:
                os._exit(0 if made.verify(token, purpose="login") else 1)
            ended = threading.Event()
            codes = []
            threading.Thread(target=lambda: (codes.append(os.waitpid(child, 0)[1]), ended.set()), daemon=True).start()
            if not ended.wait(10):
                os.kill(child, 9)
                self.fail("it waits for ever")
        self.assertEqual(codes, [0])

    def test_a_process_is_told_of_a_key_that_it_does_not_know_once_in_thirty_seconds(self):
        clock, told = Clock(), []
        made = ring(0, clock, on_stale=told.append)
        newer, newest = (ring(number, clock).sign("user", purpose="login", expires_in="1h") for number in (1, 2))
        for token in (newer, newer, newest):
            made.verify(token, purpose="login")
        self.assertEqual(told, [kid(3)])
        clock.pass_by(seconds=29.999)
        made.verify(newest, purpose="login")
        clock.pass_by(seconds=0.001)
        made.verify(newest, purpose="login")
        self.assertEqual(told, [kid(3), kid(4)])
        clock.pass_by(days=-1)
        made.verify(newer, purpose="login")
        self.assertEqual(told, [kid(3), kid(4), kid(3)])

    def test_a_key_of_the_ring_whose_time_is_over_is_no_sign_of_a_missed_release(self):
        clock, told = Clock(), []
        further = {"kid": kid(9), "version": 9, "use": "verify", "until": iso(clock.at + PERIOD), "key": key(9)}
        signing = {"kid": kid(2), "version": 2, "use": "sign", "until": None}
        made = ring(0, clock, on_stale=told.append, keys=[signing, further])
        token = f"sk1.{kid(9)}.9999999999.QQ.{'A' * 43}"
        self.assertEqual(made.verify(token, purpose="login").reason, "bad-mac")
        clock.at += PERIOD
        self.assertEqual((made.verify(token, purpose="login").reason, told), ("unknown-key", []))

    def test_only_a_well_formed_token_tells_of_an_unknown_key(self):
        told = []
        made = ring(0, Clock(), on_stale=told.append)
        for given in (None, "", "sk1.00000000.1.QQ.A", f"sk1.{kid(2)}.1.QQ.{'A' * 43}"):
            made.verify(given, purpose="login")
        made.verify(f"sk1.00000000.1.QQ.{'A' * 43}", purpose="")
        self.assertEqual(told, [])

    def test_a_listener_that_raises_fails_no_verification(self):
        def listener(kid):
            raise RuntimeError(kid)

        made = ring(0, Clock(), on_stale=listener)
        self.assertEqual(made.verify(f"sk1.00000000.1.QQ.{'A' * 43}", purpose="login").reason, "unknown-key")


if __name__ == "__main__":
    unittest.main()
