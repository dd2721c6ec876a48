"""Rings with the real thread, that ask a server of the test."""

import json
import os
import signal
import threading
import unittest

from raw_server import RawServer, http
from rings import variables
from securekey import keyring
from service import TOKEN

LIMIT = 10


def keys(generation):
    env = variables(generation)
    told = {"secure_key": env["SECURE_KEY"], "secure_keyring": env["SECURE_KEYRING"]}
    return http(200, json.dumps(told).encode(), Content_Type="application/json", ETag='"a"')


class LiveRings(unittest.TestCase):
    def setUp(self):
        self.before = set(threading.enumerate())

    def threads(self):
        """Those that ask, without the ones of the tests before."""
        return [one for one in threading.enumerate() if one.name == "securekey" and one not in self.before]

    def ring(self, server, **options):
        refresh = {"url": f"http://127.0.0.1:{server.port}/v1", "token": TOKEN, "process": "web.1"}
        made = keyring(env=variables(0), refresh=refresh, settle=0, **options)
        self.addCleanup(made.close)
        return made

    def serving(self, answer):
        """``answer``: the answer to each request of the keys. Check-ins are heard, and their bodies kept."""
        self.check_ins = []

        def serve(connection, number):
            request = server.requests[-1]
            if request.startswith(b"POST"):
                head, _, body = request.partition(b"\r\n\r\n")
                self.check_ins.append(body or connection.recv(10_000))
                connection.sendall(http(204))
            elif callable(answer):
                answer(connection, number)
            else:
                connection.sendall(answer)

        server = RawServer(serve)
        self.addCleanup(server.__exit__)
        return server

    def ended(self, child):
        """How a child ended; one that does not is an error of the test."""
        codes, over = [], threading.Event()
        threading.Thread(target=lambda: (codes.append(os.waitpid(child, 0)[1]), over.set()), daemon=True).start()
        if not over.wait(LIMIT):
            os.kill(child, signal.SIGKILL)
            self.fail("the child does not end")
        return codes[0]
