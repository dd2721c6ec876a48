import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from itsdangerous import BadSignature, URLSafeTimedSerializer

from browser import Browser
from formation import Formation
from frameworks.test_flask import app_of
from rings import key
from service import unused


class Live(unittest.TestCase):
    def test_nobody_is_logged_out_over_three_rotations_without_a_restart_beside_a_process_that_is_restarted(self):
        for config in ({}, {"PERMANENT": True}):
            formation = Formation(lambda made: app_of(made, **config))
            browsers = [Browser() for _ in formation.apps]
            for browser, app in zip(browsers, formation.apps):
                browser.visit(app, "/login")
            for step in formation.rotations():
                for browser in browsers:
                    self.assertEqual([browser.visit(app) for app in formation.apps * 2], ["user-17"] * 6, step)
                # And who logs in now is known to all.
                for app in formation.apps:
                    new = Browser()
                    new.visit(app, "/login")
                    self.assertEqual([new.visit(one) for one in formation.apps], ["user-17"] * 3, step)
            self.assertEqual([one.ring.keys[0].version for one in formation.lives], [5, 5])

    def test_a_revoke_logs_everybody_out_without_a_restart_and_who_logs_in_after_it_stays(self):
        formation = Formation(app_of)
        list(formation.rotations())
        browser = Browser()
        browser.visit(formation.apps[0], "/login")
        formation.revoke()
        for app in formation.apps[:2]:
            self.assertEqual(Browser(browser.cookies).visit(app), "nobody")
            fresh = Browser()
            fresh.visit(app, "/login")
            self.assertEqual(fresh.visit(app), "user-17")
        formation.succeed()
        self.assertEqual([Browser(browser.cookies).visit(app) for app in formation.apps], ["nobody"] * 3)
        self.assertEqual(fresh.visit(formation.apps[1]), "nobody")
        fresh.visit(formation.apps[0], "/login")
        self.assertEqual([fresh.visit(app) for app in formation.apps], ["user-17"] * 3)

    def test_an_app_that_is_loaded_and_not_asked_starts_no_thread(self):
        started = []
        made = unused(started)
        made.serializer(URLSafeTimedSerializer, salt="mail")
        app = app_of(made)
        self.assertEqual(started, [])
        Browser().visit(app, "/login")
        self.assertEqual(len(started), 1)

    def test_what_reads_the_apps_secret_key_itself_follows(self):
        formation = Formation(app_of)
        app = formation.apps[0]
        list(formation.rotations())
        signed = URLSafeTimedSerializer(app.secret_key, salt="mail").dumps("user-17")
        self.assertEqual(URLSafeTimedSerializer(key(5), salt="mail").loads(signed), "user-17")
        self.assertEqual((app.secret_key + "-x", "x-" + app.secret_key), (f"{key(5)}-x", f"x-{key(5)}"))
        kept = app.config["SECRET_KEY_FALLBACKS"]
        self.assertEqual((kept + ["x"], ["x"] + kept, kept.copy(), kept.index(key(5))), ([key(4), key(5), "x"], ["x", key(4), key(5)], [key(4), key(5)], 1))

    def test_a_serializer_that_was_made_at_the_start_follows_and_a_list_that_was_copied_does_not(self):
        formation = Formation(lambda made: (made.serializer(URLSafeTimedSerializer, salt="mail"), made.itsdangerous()))
        links, copied = formation.apps[0]
        stale = URLSafeTimedSerializer(copied, salt="mail")
        signed = links.dumps("user-17")
        for step in formation.rotations():
            signed = links.dumps(links.loads(signed, max_age=3_600))
            self.assertEqual([one.loads(signed) for one, _ in formation.apps], ["user-17"] * 3, step)
        self.assertRaises(BadSignature, stale.loads, signed)
        self.assertRaises(BadSignature, links.loads, stale.dumps("user-17"))
        formation.revoke()
        self.assertRaises(BadSignature, links.loads, signed)


if __name__ == "__main__":
    unittest.main()
