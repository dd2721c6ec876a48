import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from raw_server import RawServer, http
from rings import key, kid, variables

SOURCE = str(Path(__file__).resolve().parent.parent / "src")


def program(*arguments, env=None):
    environment = {**(env or {}), "PYTHONPATH": SOURCE, "PATH": os.environ.get("PATH", "")}
    command = [sys.executable, "-m", "securekey", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


class Check(unittest.TestCase):
    def test_it_prints_the_keys_by_id_and_ends_with_0_if_all_is_well(self):
        code, out, err = program("check", env=variables(1, announced=True))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual([line.split()[:3] for line in out.splitlines()[2:5]], [
            [kid(4), "next", "4"], [kid(3), "sign", "3"], [kid(2), "verify", "2"],
        ])  # fmt: skip
        self.assertIn("A signature is good for 604800 seconds at least.", out)
        for number in (2, 3, 4):
            self.assertNotIn(key(number), out)

    def test_it_ends_with_1_if_the_keyring_is_ignored(self):
        code, out, err = program("check", env={"SECURE_KEY": variables(0)["SECURE_KEY"]})
        self.assertEqual(code, 1)
        self.assertIn(kid(2), out)
        self.assertIn("keyring-missing", err)

    def test_it_ends_with_2_if_an_app_would_not_start_or_it_was_asked_wrongly(self):
        code, out, err = program("check", "OTHER_KEY", env={"OTHER_KEY": f"{key(1)},{key(1)}"})
        self.assertEqual((code, out), (2, ""))
        self.assertIn("OTHER_KEY", err)
        self.assertNotIn(key(1), err)
        for arguments in ((), ("chek",), ("check", "A", "B")):
            self.assertEqual(program(*arguments)[0], 2)
        self.assertEqual(program("check", "a\nb")[0], 2)

    def test_with_the_variables_of_live_pick_up_it_asks_the_service_once_and_says_what_came_of_it(self):
        told = variables(1)
        good = json.dumps({"secure_key": told["SECURE_KEY"], "secure_keyring": told["SECURE_KEYRING"]}).encode()
        revoked = http(503, b'{"type":"urn:securekey:problem:keys-revoked"}', Content_Type="application/problem+json")
        for answer, wanted, out_has, err_has in [
            (http(200, good, Content_Type="application/json"), 0, f"The service signs with {kid(3)}, version 3.", ""),
            (http(500), 1, kid(2), "server-error"),
            (http(410), 1, kid(2), "resource-gone"),
            (revoked, 0, "the keys are revoked", ""),
        ]:
            with RawServer(lambda connection, _, answer=answer: connection.sendall(answer)) as server:
                env = {"SECURE_KEY_URL": f"http://127.0.0.1:{server.port}/v1", "SECURE_KEY_TOKEN": "sk_api_x"}
                code, out, err = program("check", env={**variables(0), **env})
            self.assertEqual((code, len(server.requests)), (wanted, 1))
            self.assertIn(out_has, out)
            self.assertIn(err_has, err)
            self.assertNotIn("sk_api_x", out + err)
            self.assertTrue(server.requests[0].startswith(b"GET /v1/keyring "))

    def test_a_variable_of_live_pick_up_that_is_wrong_would_stop_the_app(self):
        for env, name in (({"SECURE_KEY_URL": "x", "SECURE_KEY_TOKEN": "sk_api_x"}, "_URL"), ({"SECURE_KEY_URL": "https://a.example/v1"}, "_TOKEN")):
            code, out, err = program("check", env={**variables(0), **env})
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"SECURE_KEY{name}", err)


if __name__ == "__main__":
    unittest.main()
