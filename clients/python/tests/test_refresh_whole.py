"""Nobody sees half of a ring, whenever keys are taken."""

import sys
import threading
import unittest

from rings import key, kid, ring
from securekey._ring import Ring
from service import Process, Service


class Whole(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.clock = self.service.clock

    def test_whoever_reads_while_keys_are_taken_sees_the_one_ring_or_the_other_whole(self):
        made = Process(self.service, 1, settle=0).ring
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
        process = Process(self.service, 1, settle=0)
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


if __name__ == "__main__":
    unittest.main()
