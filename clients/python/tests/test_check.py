import os
import subprocess
import sys
import unittest
from pathlib import Path

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


if __name__ == "__main__":
    unittest.main()
