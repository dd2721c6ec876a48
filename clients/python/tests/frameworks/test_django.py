import threading
import unittest
from datetime import timedelta

from .django_site import DJANGOS, ENGINES, PERSON, Site, Slow

from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.db.models.signals import pre_save
from django.test import RequestFactory, override_settings

from browser import Browser, ask
from odd_cookies import odd
from rings import key, revoked, rotated_at
from securekey.django import AuthenticationMiddleware

class Logins(Site):
    def test_a_login_outlives_the_next_rotation_and_not_the_one_after_it(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                visits = []
                for generation in (0, 1, 2):
                    browser = self.logged_in(self.process(0, site={"engine": engine}))
                    visits.append(browser.visit(self.process(generation, site={"engine": engine})))
                self.assertEqual(visits, ["user-17", "user-17", "nobody"])

    def test_a_visitor_who_comes_daily_and_changes_nothing_stays_over_six_rotations(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                browser = self.logged_in(self.process(0, site={"engine": engine}))
                for generation in range(1, 7):
                    process = self.process(generation, site={"engine": engine})
                    self.assertEqual([browser.visit(process) for _ in range(3)], ["user-17"] * 3)

    def test_a_session_in_the_database_keeps_its_id_and_its_row_at_a_rotation(self):
        browser = self.logged_in(self.process(0))
        before = dict(browser.cookies)
        browser.visit(self.process(1))
        self.assertEqual((browser.cookies, Session.objects.count()), (before, 1))

    def test_a_login_gets_a_new_session_id(self):
        process = self.process(0)
        browser = Browser()
        browser.visit(process, "/cart?add=tea")
        before = browser.cookies["sessionid"]
        browser.visit(process, "/login")
        self.assertNotEqual(browser.cookies["sessionid"], before)
        self.assertEqual(browser.visit(process, "/cart"), "tea")

    def test_nobody_is_logged_out_while_half_of_a_formation_is_restarted_to_and_fro_eight_times(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        for engine in ENGINES:
            site = {"engine": engine}
            for old, restarted in [
                (self.process(0, site=site), self.process(1, site=site, settle=600)),
                (self.process(0, site=site, announced=True), self.process(1, site=site, announced=True)),
            ]:
                for first in (old, restarted):
                    with self.subTest(engine=engine):
                        browser = self.logged_in(first)
                        self.assertEqual([browser.visit(one) for one in [restarted, old] * 8], ["user-17"] * 16)
                        self.clock.pass_by(minutes=10)
                        self.assertEqual(browser.visit(self.process(1, site=site)), "user-17")
                        self.clock.pass_by(minutes=-10)

    def test_without_settle_time_and_next_key_a_stale_process_does_not_know_a_new_login(self):
        for engine in ENGINES:
            browser = self.logged_in(self.process(1, site={"engine": engine}))
            self.assertEqual(ask(self.process(0, site={"engine": engine}), "/", browser.cookies).text, "nobody")
            self.assertEqual(browser.visit(self.process(1, site={"engine": engine})), "user-17")

    def test_after_a_revoke_nobody_is_logged_in_and_can_log_in_again(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                browser = self.logged_in(self.process(0, site={"engine": engine}))
                process = self.process(0, site={"engine": engine}, env=revoked(0))
                self.assertEqual(browser.visit(process), "nobody")
                browser.visit(process, "/login")
                self.assertEqual(browser.visit(process), "user-17")

    def test_a_new_password_ends_other_sessions_after_a_rotation_too(self):
        browser = self.logged_in(self.process(0))
        PERSON.set_password("another password")
        PERSON.save()
        self.assertEqual(browser.visit(self.process(1)), "nobody")

    def test_cookies_that_are_odd_or_made_by_others_are_nobodys(self):
        for engine in ENGINES:
            process = self.process(0, site={"engine": engine})
            good = self.logged_in(process).cookies["sessionid"]
            for cookie in odd(good):
                self.assertEqual(ask(process, "/", {"sessionid": cookie}).text, "nobody", (engine, cookie[:60]))
        for secret in (key(3), "None", ",", f"{key(2)},{key(1)}", key(2).lower()):
            with override_settings(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=[]):
                claimed = {"_auth_user_id": "1", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"}
                forged = signing.dumps(claimed, salt="django.contrib.sessions.backends.signed_cookies")
            self.assertEqual(ask(process, "/", {"sessionid": forged}).text, "nobody")


class RequestsTogether(Site):
    def test_requests_sent_together_with_one_old_cookie_are_all_answered_to_the_visitor(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                browser = self.logged_in(self.process(0, site={"engine": engine}))
                process = self.process(1, site={"engine": engine})
                self.assertEqual(browser.visit_together([process] * 5), ["user-17"] * 5)
                self.assertEqual(browser.visit(self.process(2, site={"engine": engine})), "user-17")

    def test_the_place_of_the_sessions_makes_no_difference(self):
        for place in ("cache", "cached_db", "file"):
            with self.subTest(place=place):
                site = {"engine": f"django.contrib.sessions.backends.{place}"}
                browser = self.logged_in(self.process(0, site=site))
                before = dict(browser.cookies)
                for generation in range(1, 4):
                    process = self.process(generation, site=site)
                    self.assertEqual(browser.visit_together([process] * 3), ["user-17"] * 3)
                self.assertEqual(browser.cookies, before)

    def test_a_request_that_was_under_way_before_another_one_was_answered_is_the_visitors_too(self):
        browser = self.logged_in(self.process(0))
        process = self.process(1)
        slow = Slow(process, lambda: ask(process, "/slow", browser.cookies))
        self.assertEqual(browser.visit(process), "user-17")
        answer = slow.answer()
        browser.keep(answer)
        self.assertEqual((answer.text, browser.visit(process)), ("user-17", "user-17"))

    def test_a_request_that_only_reads_does_not_undo_what_another_one_writes_meanwhile(self):
        browser = self.logged_in(self.process(0))
        process = self.process(1)
        slow = Slow(process, lambda: ask(process, "/slow", browser.cookies))
        browser.visit(process, "/cart?add=tea")
        self.assertEqual(slow.answer().text, "user-17")
        self.assertEqual((browser.visit(process, "/cart"), browser.visit(self.process(2))), ("tea", "user-17"))

    def test_a_request_under_way_does_not_undo_a_logout(self):
        browser = self.logged_in(self.process(0))
        before = dict(browser.cookies)
        process = self.process(1)
        slow = Slow(process, lambda: ask(process, "/slow", before))
        browser.visit(process, "/logout")
        slow.answer()
        self.assertEqual((ask(process, "/", before).text, Session.objects.count()), ("nobody", 0))

    def test_what_a_request_changed_before_it_asked_who_it_is_is_kept(self):
        for engine in ENGINES:
            browser = self.logged_in(self.process(0, site={"engine": engine}))
            process = self.process(1, site={"engine": engine})
            self.assertEqual(browser.visit(process, "/both?add=tea"), "user-17")
            self.assertEqual(browser.visit(process, "/cart"), "tea")
            self.assertEqual(browser.visit(self.process(2, site={"engine": engine})), "user-17")

    def test_a_logout_at_the_moment_of_the_renewal_is_not_undone_and_fails_nothing(self):
        browser = self.logged_in(self.process(0))

        def delete():
            Session.objects.all().delete()
            connection.close()

        def log_out(sender, instance, **_):
            # In a thread, which has a connection of its own: what this one does is undone when it cannot save.
            thread = threading.Thread(target=delete)
            thread.start()
            thread.join(10)

        pre_save.connect(log_out, sender=Session)
        try:
            self.assertEqual(ask(self.process(1), "/", browser.cookies).text, "user-17")
        finally:
            pre_save.disconnect(log_out, sender=Session)
        self.assertEqual((browser.visit(self.process(1)), Session.objects.count()), ("nobody", 0))

    def test_with_djangos_own_middleware_the_second_of_two_requests_is_nobodys_and_ends_the_login(self):
        browser = self.logged_in(self.process(0))
        process = self.process(1, site={"middleware": DJANGOS})
        self.assertEqual(browser.visit_together([process] * 2), ["user-17", "nobody"])
        self.assertEqual(browser.visit(process), "nobody")

    def test_a_view_that_asks_for_its_visitor_in_the_async_way_keeps_the_session_too(self):
        browser = self.logged_in(self.process(0))
        process = self.process(1)
        with process:
            request = RequestFactory().get("/")
            request.session = SessionStore(browser.cookies["sessionid"])
            # Django 5 sets it, and our middleware replaces it where it is.
            request.auser = None
            AuthenticationMiddleware(lambda _: None).process_request(request)
            visitor = async_to_sync(request.auser)()
        self.assertEqual((visitor, request.session.modified), (PERSON, False))
        self.assertEqual([browser.visit(one) for one in (process, self.process(2))], ["user-17"] * 2)


if __name__ == "__main__":
    unittest.main()
