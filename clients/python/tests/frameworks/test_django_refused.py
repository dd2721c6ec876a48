import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))

import django

from rings import Clock, key, ring
from securekey import SecureKeyError


class Refusals(unittest.TestCase):
    def refusal(self):
        with self.assertRaises(SecureKeyError) as caught:
            ring(0, Clock()).django()
        self.assertEqual(caught.exception.code, "unsafe-framework")
        self.assertNotIn(key(2), str(caught.exception))
        return str(caught.exception)

    def test_the_django_that_is_installed_knows_one_key_only_and_is_refused(self):
        self.assertRegex(self.refusal(), r"Django 3\.2\.[0-9]+ logs everybody out.*Use Django 4\.2 or later")

    def test_every_django_before_4_1_8_is_refused(self):
        for number in ((4, 0, 10), (4, 1, 0), (4, 1, 7)):
            with mock.patch.object(django, "VERSION", (*number, "final", 0)):
                self.refusal()
        for number in ((4, 1, 8), (4, 2, 0), (5, 0, 0), (10, 0, 0)):
            with mock.patch.object(django, "VERSION", (*number, "final", 0)):
                self.assertEqual(set(ring(0, Clock()).django()), {"SECRET_KEY", "SECRET_KEY_FALLBACKS"})


if __name__ == "__main__":
    unittest.main()
