import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask.sessions import SecureCookieSessionInterface, SessionInterface
from importlib.metadata import version

from browser import Browser
from frameworks.test_flask import new_app
from rings import Clock, ring
from securekey import SecureKeyError
from securekey._unsafe import version_in

READS_FALLBACKS = version_in(version("flask")) >= (3, 1, 1)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.ring = ring(0, Clock())

    def installed_as(self, number):
        """Flask as it is, under another version."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        described = Path(folder.name, f"flask-{number}.dist-info")
        described.mkdir()
        described.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: flask\nVersion: {number}\n")
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)

    def refused(self, app):
        with self.assertRaises(SecureKeyError) as caught:
            self.ring.flask(app)
        self.assertEqual(caught.exception.code, "unsafe-framework")
        self.assertFalse(app.config["SECRET_KEY"])
        return str(caught.exception)

    def test_flask_3_1_0_is_refused_because_it_signs_with_the_previous_key(self):
        for number in ("3.1.0", "3.1.0rc1"):
            self.installed_as(number)
            self.assertRegex(self.refused(new_app()), "Flask 3.1.0.*previous key.*3.1.1 or later")

    def test_a_flask_that_nobody_tested_is_refused(self):
        self.installed_as("2.1.3")
        self.assertIn("Flask 2.1.3", self.refused(new_app()))

    def test_an_app_that_signs_its_cookies_in_its_own_way_is_refused_where_flask_knows_one_key_only(self):
        class Own(SecureCookieSessionInterface):
            salt = "own"

        self.installed_as("3.0.3")
        app = new_app()
        app.session_interface = Own()
        self.assertIn("Own", self.refused(app))

    def test_a_session_interface_that_the_app_chose_is_left_as_it_is(self):
        class Elsewhere(SessionInterface):
            pass

        app = new_app()
        app.session_interface = chosen = Elsewhere()
        self.ring.flask(app)
        self.assertIs(app.session_interface, chosen)

    if READS_FALLBACKS:

        def test_an_app_with_cookies_of_its_own_way_accepts_older_keys_where_flask_reads_them(self):
            class Own(SecureCookieSessionInterface):
                salt = "own"

            clock, apps = Clock(), []
            for generation in (0, 1):
                app = new_app()
                app.session_interface = Own()
                ring(generation, clock).flask(app)
                apps.append(app)
            browser = Browser()
            browser.visit(apps[0], "/login")
            self.assertEqual(browser.visit(apps[1]), "user-17")

    def test_a_life_of_another_form_is_refused_before_the_app_is_changed(self):
        app = new_app()
        with self.assertRaises(SecureKeyError) as caught:
            self.ring.flask(app, life="a year")
        self.assertEqual((caught.exception.code, app.config["SECRET_KEY"]), ("bad-life", None))


if __name__ == "__main__":
    unittest.main()
