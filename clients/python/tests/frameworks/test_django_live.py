import unittest

from .django_site import COOKIES, DB, ENGINES, OUR_COOKIES, PERSON, Process, Site

from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.core import signing

from browser import Browser
from formation import Formation
from service import unused


class Live(Site):
    def formation(self, engine=DB):
        return Formation(lambda made: Process(made, engine=engine))

    def test_nobody_is_logged_out_over_three_rotations_without_a_restart_beside_a_process_that_is_restarted(self):
        for engine in ENGINES:
            formation = self.formation(engine)
            browsers = [self.logged_in(app) for app in formation.apps[1:]]
            for number, step in enumerate(formation.rotations()):
                # And who logs in now, at one of the three, is known to all.
                new = self.logged_in(formation.apps[number % 3])
                for browser in [*browsers, new]:
                    self.assertEqual([browser.visit(app) for app in formation.apps], ["user-17"] * 3, (engine, step))
            self.assertEqual([one.ring.keys[0].version for one in formation.lives], [5, 5])

    def test_a_site_that_is_loaded_and_not_asked_starts_no_thread(self):
        started = []
        site = Process(unused(started))
        self.assertEqual(started, [])
        Browser().visit(site, "/login")
        self.assertEqual(len(started), 1)

    def test_requests_sent_together_while_only_some_have_asked_are_all_answered_to_the_visitor(self):
        formation = self.formation()
        browser = self.logged_in(formation.apps[0])
        before = dict(browser.cookies)
        for step in formation.rotations():
            self.assertEqual(browser.visit_together(formation.apps * 2), ["user-17"] * 6, step)
        self.assertEqual((browser.cookies, Session.objects.count()), (before, 1))

    def test_a_revoke_logs_everybody_out_without_a_restart_and_who_logs_in_after_it_stays(self):
        for engine in (DB, COOKIES, OUR_COOKIES):
            formation = self.formation(engine)
            list(formation.rotations())
            browser = self.logged_in(formation.apps[0])
            formation.revoke()
            for app in formation.apps[:2]:
                self.assertEqual(Browser(browser.cookies).visit(app), "nobody")
                self.assertEqual(self.logged_in(app).visit(app), "user-17")
            browser = self.logged_in(formation.apps[2])
            formation.succeed()
            self.assertEqual([Browser(browser.cookies).visit(app) for app in formation.apps], ["nobody"] * 3)
            browser = self.logged_in(formation.apps[0])
            self.assertEqual([browser.visit(app) for app in formation.apps], ["user-17"] * 3)

    def test_a_signer_that_was_made_at_the_start_follows_as_do_links_for_new_passwords(self):
        formation = self.formation()
        app = formation.apps[0]
        with app:
            signer = signing.TimestampSigner(salt="mail")
            first = signer.sign("user-17")
            link = default_token_generator.make_token(PERSON)
        read = []
        for step in formation.rotations():
            with app:
                read.append((self.unsigned(signer, first), default_token_generator.check_token(PERSON, link)))
                with formation.apps[2]:
                    theirs = signing.TimestampSigner(salt="mail").sign("user-17")
                self.assertEqual(signer.unsign(theirs), "user-17", step)
        # One rotation they outlive, and not the one after it.
        self.assertEqual(read[:6], [("user-17", True)] * 6)
        self.assertEqual(read[-1], (None, False))

    def unsigned(self, signer, value):
        try:
            return signer.unsign(value)
        except signing.BadSignature:
            return None

    def test_a_signer_for_cookies_that_was_made_at_the_start_keeps_a_copy_of_the_keys(self):
        formation = self.formation()
        app = formation.apps[0]
        with app:
            kept = signing.get_cookie_signer(salt="mail")
        list(formation.rotations())
        with app:
            self.assertEqual(self.unsigned(signing.get_cookie_signer(salt="mail"), kept.sign("user-17")), None)


if __name__ == "__main__":
    unittest.main()
