import sys
import unittest
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from browser import Browser, ask
from odd_cookies import odd
from rings import Clock, key, revoked, ring, rotated_at
from securekey import SecureKeyError

def new_app(**config):
    app = Flask("sample")
    app.config.update(config)

    @app.get("/login")
    def login():
        session["user"] = "user-17"
        session.permanent = bool(config.get("PERMANENT"))
        return "in"

    @app.get("/")
    def home():
        return session.get("user", "nobody")

    @app.get("/still")
    def still():
        return "nothing was read"

    return app


def app_of(made, **config):
    app = new_app(**config)
    made.flask(app)
    return app


class FlaskSessions(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()

    def process(self, generation, *, config=None, **options):
        return app_of(ring(generation, self.clock, **options), **(config or {}))

    def logged_in(self, app):
        browser = Browser()
        browser.visit(app, "/login")
        return browser

    def test_a_login_outlives_the_next_rotation_and_not_the_one_after_it(self):
        cookies = self.logged_in(self.process(0)).cookies
        self.assertEqual([Browser(cookies).visit(self.process(one)) for one in (0, 1, 2)], ["user-17", "user-17", "nobody"])

    def test_a_login_of_before_the_add_on_is_good_while_its_secret_is_accepted_and_is_made_anew(self):
        before = new_app(SECRET_KEY="of before")
        moved, forged = new_app(), new_app(SECRET_KEY="of nobody")
        ring(0, self.clock).flask(moved, accept=["of before"])
        browser = self.logged_in(before)
        self.assertEqual([browser.visit(one) for one in (moved, self.process(0), self.process(1))], ["user-17"] * 3)
        self.assertEqual(Browser(self.logged_in(before).cookies).visit(self.process(0)), "nobody")
        self.assertEqual(self.logged_in(forged).visit(moved), "nobody")
        self.assertNotIn("of before", repr([moved.config, vars(moved.session_interface)]))

    def test_a_secret_to_accept_that_is_none_is_refused(self):
        for accept in ("of before", [""], ["of before", ""], [None], [b"x"], None, {"a": 1}, [["x"]]):
            with self.assertRaises(SecureKeyError) as caught:
                ring(0, self.clock).flask(new_app(), accept=accept)
            self.assertEqual((caught.exception.code, caught.exception.place), ("bad-option", "accept"))

    def test_a_visitor_who_comes_daily_and_changes_nothing_stays_over_six_rotations(self):
        for config in ({}, {"PERMANENT": True}, {"PERMANENT": True, "SESSION_REFRESH_EACH_REQUEST": False}):
            browser = self.logged_in(self.process(0, config=config))
            for generation in range(1, 7):
                app = self.process(generation, config=config)
                self.assertEqual([browser.visit(app) for _ in range(3)], ["user-17"] * 3)

    def test_a_visit_of_a_page_that_does_not_look_at_the_session_keeps_it_too(self):
        browser = self.logged_in(self.process(0))
        for generation in range(1, 4):
            answer = ask(self.process(generation), "/still", browser.cookies)
            # Or a cache would hand the cookie to others.
            self.assertIn(("Vary", "Cookie"), answer.headers)
            browser.keep(answer)
        self.assertEqual(browser.visit(self.process(3)), "user-17")

    def test_a_cookie_is_sent_anew_only_when_an_older_key_made_it(self):
        browser = self.logged_in(self.process(0))
        self.assertEqual(dict(ask(self.process(0), "/", browser.cookies).cookies), {})
        app = self.process(1)
        renewed = ask(app, "/", browser.cookies)
        self.assertEqual(list(renewed.cookies), ["session"])
        self.assertIn(("Vary", "Cookie"), renewed.headers)
        browser.keep(renewed)
        self.assertEqual(dict(ask(app, "/", browser.cookies).cookies), {})

    def test_a_session_that_is_sent_anew_counts_as_read_so_that_caches_are_told_on_every_flask(self):
        cookie = self.logged_in(self.process(0)).cookies["session"]
        for generation, read in ((0, False), (1, True)):
            app = self.process(generation)
            with app.test_request_context(headers={"Cookie": f"session={cookie}"}):
                self.assertEqual(app.session_interface.open_session(app, request).accessed, read)

    def test_a_cookie_that_is_sent_anew_keeps_its_attributes(self):
        config = {"SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_SAMESITE": "Lax", "PERMANENT": True}
        first = ask(self.process(0, config=config), "/login").cookies["session"]
        again = ask(self.process(1, config=config), "/", {"session": first.value}).cookies["session"]
        for name in ("secure", "samesite", "httponly", "path", "domain", "max-age"):
            self.assertEqual(again[name], first[name])
        self.assertTrue(first["expires"] and again["expires"])

    def test_an_empty_session_is_not_sent_anew(self):
        app = self.process(0)
        empty = app.session_interface.get_signing_serializer(app).dumps({})
        self.assertEqual(dict(ask(self.process(1), "/", {"session": empty}).cookies), {})

    def test_nobody_is_logged_out_while_half_of_a_formation_is_restarted_to_and_fro_eight_times(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        for old, restarted in [
            (self.process(0), self.process(1, settle=600)),
            (self.process(0, announced=True), self.process(1, announced=True)),
        ]:
            for first in (old, restarted):
                browser = self.logged_in(first)
                self.assertEqual([browser.visit(app) for app in [restarted, old] * 8], ["user-17"] * 16)
                self.clock.pass_by(minutes=10)
                self.assertEqual(browser.visit(self.process(1)), "user-17")
                self.clock.pass_by(minutes=-10)

    def test_without_settle_time_and_next_key_a_stale_process_does_not_know_a_new_login(self):
        browser = self.logged_in(self.process(1))
        self.assertEqual(browser.visit(self.process(0)), "nobody")
        self.assertEqual(browser.visit(self.process(1)), "user-17")

    def test_requests_sent_together_with_one_old_cookie_are_all_answered_to_the_visitor(self):
        browser = self.logged_in(self.process(0))
        app = self.process(1)
        self.assertEqual(browser.visit_together([app] * 5), ["user-17"] * 5)
        self.assertEqual([browser.visit(app), browser.visit(self.process(2))], ["user-17"] * 2)

    def test_after_a_revoke_nobody_is_logged_in_and_can_log_in_again(self):
        browser = self.logged_in(self.process(0))
        app = self.process(0, env=revoked(0))
        self.assertEqual(browser.visit(app), "nobody")
        browser.visit(app, "/login")
        self.assertEqual(browser.visit(app), "user-17")

    def test_a_running_app_signs_with_the_first_key_when_the_settle_time_is_over(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        app = self.process(1, settle=600)
        during = self.logged_in(app)
        self.clock.pass_by(minutes=10)
        after = self.logged_in(app)
        later = self.process(2)
        self.assertEqual((during.visit(later), after.visit(later)), ("nobody", "user-17"))

    def test_cookies_that_are_odd_or_made_by_others_are_nobodys(self):
        app = self.process(0)
        good = self.logged_in(app).cookies["session"]
        for cookie in odd(good):
            self.assertEqual(ask(app, "/", {"session": cookie}).text, "nobody", cookie[:60])
        for secret in (key(3), key(0), "", "None", ",", f"{key(2)},{key(1)}", bytes.fromhex(key(2)), key(2).lower()):
            forger = new_app()
            forger.secret_key = secret or "x"
            forger.session_interface = SecureCookieSessionInterface()
            serializer = forger.session_interface.get_signing_serializer(forger)
            if secret == "":
                serializer.secret_keys = [b""]
            forged = serializer.dumps({"user": "mallory"})
            self.assertEqual(ask(app, "/", {"session": forged}).text, "nobody", secret)
        other = URLSafeTimedSerializer(key(2), salt="another-purpose").dumps({"user": "mallory"})
        self.assertEqual(ask(app, "/", {"session": other}).text, "nobody")

    def test_logins_that_an_app_made_with_the_first_key_before_it_used_the_library_go_on(self):
        app = new_app()
        app.secret_key = key(2)
        self.assertEqual(self.logged_in(app).visit(self.process(0)), "user-17")

    def test_what_reads_the_apps_secret_key_itself_follows_the_settle_time(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        app = self.process(1, settle=600)
        signed = URLSafeTimedSerializer(app.secret_key, salt="mail").dumps("user-17")
        self.assertEqual(URLSafeTimedSerializer(key(2), salt="mail").loads(signed), "user-17")
        self.clock.pass_by(minutes=10)
        signed = URLSafeTimedSerializer(app.secret_key, salt="mail").dumps("user-17")
        self.assertEqual(URLSafeTimedSerializer(key(3), salt="mail").loads(signed), "user-17")

    def test_the_apps_settings_show_no_key_when_they_are_printed(self):
        shown = repr(self.process(1, announced=True).config)
        for number in range(1, 5):
            self.assertNotIn(key(number), shown)


if __name__ == "__main__":
    unittest.main()
