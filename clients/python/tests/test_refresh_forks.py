"""Live pick-up in processes that are forked."""

import os
import threading
import unittest

from live_rings import LIMIT, LiveRings, keys
from rings import kid
from service import Process, Service


@unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
class Forks(LiveRings):
    def test_a_process_that_was_forked_asks_for_itself_even_while_a_request_of_its_parent_hangs(self):
        is_asked, may_answer = threading.Event(), threading.Event()

        def answer(connection, number):
            if number == 1:
                is_asked.set()
                may_answer.wait(LIMIT)
            connection.sendall(keys(1))

        server = self.serving(answer)
        made = self.ring(server)
        made.secrets()
        self.assertTrue(is_asked.wait(LIMIT))
        child = os.fork()
        if child == 0:
            os._exit(0 if made.ready() and made.kid == kid(3) and len(self.threads()) == 1 else 1)
        self.assertEqual(self.ended(child), 0)
        self.assertEqual(made.kid, kid(2))
        may_answer.set()
        self.assertTrue(made.ready())
        self.assertEqual(made.kid, kid(3))

    def test_a_server_that_loads_the_app_and_then_forks_has_a_thread_in_each_worker_and_none_itself(self):
        server = self.serving(keys(1))
        made = self.ring(server)
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                done = made.ready() and made.kid == kid(3)
                os._exit(0 if done else 1)
            children.append(child)
        self.assertEqual([self.ended(child) for child in children], [0] * 3)
        self.assertEqual((self.threads(), made.keys[0].kid), ([], kid(2)))

    def test_a_process_that_was_forked_counts_for_itself(self):
        service = Service()
        process = Process(service, refresh={"telemetry": True, "process": "web.1"})
        token = process.ring.sign("user", purpose="a", expires_in=60)
        process.ring.verify(token, purpose="a")
        child = os.fork()
        if child == 0:
            process.ring.verify(token, purpose="a")
            process.ring.verify(token, purpose="a")
            process.turn()
            (said,) = service.check_ins
            os._exit(0 if said["counts"][0]["good"] == 2 and said["process"] == f"web.1/{os.getpid()}" else 1)
        self.assertEqual(self.ended(child), 0)


if __name__ == "__main__":
    unittest.main()
