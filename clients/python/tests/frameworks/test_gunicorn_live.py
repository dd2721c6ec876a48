import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from raw_server import RawServer, http
from rings import variables
from securekey import keyring
from service import TOKEN

LIMIT = 20


class Prefork(unittest.TestCase):
    """A real gunicorn: the app is loaded in its master (``--preload``), and two workers are forked."""

    def setUp(self):
        self.generation = 0
        self.server = RawServer(self.serve)
        self.addCleanup(self.server.__exit__)
        source = str(HERE.parent.parent / "src")
        env = {**os.environ, **variables(0), "SECURE_KEY_URL": f"http://127.0.0.1:{self.server.port}/v1", "SECURE_KEY_TOKEN": TOKEN}
        env["PYTHONPATH"] = os.pathsep.join([source, str(HERE), env.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:0", "gunicorn_app:app"]
        self.program = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.port, self.printed = None, []
        listening = threading.Event()

        def read():
            for line in self.program.stderr:
                self.printed.append(line)
                found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line)
                if found:
                    self.port = int(found[1])
                    listening.set()

        threading.Thread(target=read, daemon=True).start()
        if not listening.wait(LIMIT):
            self.fail("".join(self.printed))

    def end(self):
        self.program.terminate()
        try:
            self.program.wait(LIMIT)
        finally:
            self.program.kill()
            self.program.stderr.close()

    def serve(self, connection, _):
        told = variables(self.generation)
        body = json.dumps({"secure_key": told["SECURE_KEY"], "secure_keyring": told["SECURE_KEYRING"]}).encode()
        is_check_in = self.server.requests[-1].startswith(b"POST")
        connection.sendall(http(204) if is_check_in else http(200, body, Content_Type="application/json"))

    def visit(self, token):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/?token={token}", timeout=LIMIT) as answer:
            return json.load(answer)

    def until_all_accept(self, token, wanted):
        """Visits until so many workers accept the token, and none refuses it any more; their ids."""
        said, until = {}, time.monotonic() + LIMIT
        while time.monotonic() < until:
            answer = self.visit(token)
            self.assertEqual(answer["parent"], self.program.pid)
            said[answer["pid"]] = answer["is_good"]
            if len(said) >= wanted and all(said.values()):
                return list(said)
        self.fail(f"{said}: {''.join(self.printed)}")

    def test_each_worker_picks_up_a_rotation_without_a_restart_and_so_does_one_that_is_forked_later(self):
        self.until_all_accept(keyring(env=variables(0)).sign("user", purpose="a", expires_in=600), 2)
        self.generation = 1
        token = keyring(env=variables(1), settle=0).sign("user", purpose="a", expires_in=600)
        one, other = self.until_all_accept(token, 2)
        os.kill(one, signal.SIGKILL)
        with_new = set()
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and not with_new - {one, other}:
            try:
                answer = self.visit(token)
            except OSError:
                # The one that was killed had taken it.
                continue
            if answer["is_good"]:
                with_new.add(answer["pid"])
        self.assertTrue(with_new - {one, other}, "".join(self.printed))


if __name__ == "__main__":
    unittest.main()
