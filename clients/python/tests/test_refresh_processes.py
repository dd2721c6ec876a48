"""The thread that asks: in which processes there is one, and that it holds nothing up."""

import asyncio
import gc
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from live_rings import LIMIT, LiveRings, keys
from raw_server import RawServer
from rings import kid, variables
from service import TOKEN, Process, Service
from securekey import keyring

SOURCE = str(Path(__file__).resolve().parent.parent / "src")


class Threads(LiveRings):
    def test_nothing_is_asked_before_the_keys_are_used_and_one_thread_asks_from_then_on(self):
        server = self.serving(keys(1))
        made = self.ring(server)
        (made.keys, made.next_rotation_at, repr(made), made.as_dict(), made.stats())
        self.assertEqual((self.threads(), server.requests), ([], []))
        self.assertTrue(made.ready())
        users = [threading.Thread(target=made.secrets) for _ in range(8)]
        for one in users:
            one.start()
        for one in users:
            one.join(LIMIT)
        self.assertEqual(([one.daemon for one in self.threads()], made.kid), ([True], kid(3)))

    def test_many_first_uses_at_once_start_one_thread(self):
        started, process = [], Process(Service())

        def start(run):
            started.append(run)
            if len(started) < 5:
                # Another thread comes while this one is about to start it.
                other = threading.Thread(target=process.ring.secrets)
                other.start()
                other.join(LIMIT)

        self.as_new(process, start)
        process.ring.secrets()
        self.assertEqual(len(started), 1)

    def as_new(self, process, start):
        """As if this were a process that has not used the keys yet."""
        background = process.ring._background
        background._begun, background._here, background._start = None, {}, start

    def test_whoever_waits_for_the_first_answer_waits_no_longer_than_it_said(self):
        server = self.serving(lambda *_: server.ended.wait(LIMIT))
        made = self.ring(server)
        self.assertFalse(made.ready(0.05))
        self.assertFalse(made.ready(-1))
        self.assertEqual((made.kid, made.stats()["refresh"]["state"]), (kid(2), "starting"))

    def test_the_thread_ends_when_nobody_holds_the_ring_or_it_is_closed(self):
        server = self.serving(keys(1))
        made = self.ring(server)
        made.ready()
        self._cleanups.clear()
        (thread,) = self.threads()
        del made
        for _ in range(100):
            # It may have been at work when the ring was let go.
            gc.collect()
            thread.join(0.05)
            if not thread.is_alive():
                break
        other = self.ring(server)
        other.ready()
        (second,) = self.threads()
        other.close()
        second.join(LIMIT)
        self.assertEqual((thread.is_alive(), second.is_alive()), (False, False))
        server.__exit__()

    def test_a_token_of_an_unknown_key_wakes_the_thread(self):
        def answer(connection, number):
            connection.sendall(keys(0 if number == 1 else 1))

        server = self.serving(answer)
        told = threading.Event()
        made = self.ring(server, on_changed=lambda *_: told.set())
        made.ready()
        token = keyring(env=variables(1), settle=0).sign("user", purpose="a", expires_in=60)
        for _ in range(200):
            # While a check-in is under way nothing is asked early.
            made.verify(token, purpose="a")
            if told.wait(0.05):
                break
        self.assertTrue(made.verify(token, purpose="a"))

    def test_where_no_thread_can_be_started_the_keys_stay_as_they_are(self):
        def none(run):
            raise RuntimeError("can't start new thread")

        process = Process(Service())
        self.as_new(process, none)
        self.assertTrue(process.ring.verify(process.ring.sign("user", purpose="a", expires_in=60), purpose="a"))
        self.assertFalse(process.ring.ready())

    def test_the_first_use_long_after_the_keys_were_read_waits_for_those_of_today(self):
        service, started, used = Service(1), threading.Event(), []
        process = Process(service, settle=0)
        self.as_new(process, lambda run: started.set())
        service.clock.pass_by(days=14)
        user = threading.Thread(target=lambda: used.append(process.ring.kid))
        user.start()
        self.assertTrue(started.wait(LIMIT))
        background = process.ring._background
        background._poll.turn(next(iter(background._here.values())).first.set)
        user.join(LIMIT)
        self.assertEqual(used, [kid(3)])

    def test_an_event_loop_goes_on_while_the_service_hangs_and_sees_the_keys_when_they_come(self):
        may_answer, changed = threading.Event(), threading.Event()

        def answer(connection, _):
            may_answer.wait(LIMIT)
            connection.sendall(keys(1))

        server = self.serving(answer)
        made = self.ring(server, on_changed=lambda *_: changed.set())

        async def app():
            turns = []

            async def other():
                while not changed.is_set():
                    turns.append(1)
                    await asyncio.sleep(0)

            beside = asyncio.ensure_future(other())
            before = made.kid
            while len(turns) < 100:
                await asyncio.sleep(0)
            may_answer.set()
            await asyncio.wait_for(beside, LIMIT)
            return before, made.kid

        self.assertEqual(asyncio.run(app()), (kid(2), kid(3)))





class Exits(unittest.TestCase):
    def test_a_program_ends_at_once_and_in_silence_whatever_its_thread_is_at(self):
        asked = threading.Event()

        def hang(connection, _):
            asked.set()
            server.ended.wait(LIMIT)

        with RawServer(hang) as server:
            code = (
                "import sys; from securekey import keyring\n"
                "ring = keyring(refresh=True); ring.secrets()\n"
                "sys.stdin.readline(); print(ring.kid)\n"
            )
            env = {**variables(0), "SECURE_KEY_URL": f"http://127.0.0.1:{server.port}/v1", "SECURE_KEY_TOKEN": TOKEN}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            program = subprocess.Popen([sys.executable, "-c", code], env={**env, "PYTHONPATH": SOURCE}, text=True, **pipes)
            self.addCleanup(program.kill)
            self.assertTrue(asked.wait(LIMIT))
            out, err = program.communicate("\n", timeout=3)
            self.assertEqual((program.returncode, out.strip(), err), (0, kid(2), ""))


if __name__ == "__main__":
    unittest.main()
