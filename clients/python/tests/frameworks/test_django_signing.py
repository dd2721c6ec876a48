import unittest
from datetime import timedelta

from .django_site import COOKIES, DB, ENGINES, OUR_COOKIES, PERSON, Process, Site

from django.contrib.auth.tokens import default_token_generator
from django.core import signing

from browser import Browser, ask
from rings import Clock, key, revoked, ring, rotated_at
from securekey import SecureKeyError


class PeopleWithoutLogin(Site):
    def visits(self, **site):
        browser = Browser()
        browser.visit(self.process(0, site=site), "/cart?add=tea")
        return [browser.visit(self.process(generation, site=site), "/cart") for generation in range(1, 7)]

    def test_a_session_in_a_cookie_that_is_read_daily_stays_over_six_rotations(self):
        self.assertEqual(self.visits(engine=OUR_COOKIES), ["tea"] * 6)

    def test_any_session_stays_that_django_saves_at_every_request(self):
        for engine in ENGINES:
            self.assertEqual(self.visits(engine=engine, SESSION_SAVE_EVERY_REQUEST=True), ["tea"] * 6)

    def test_without_these_a_session_ends_at_the_second_rotation_after_its_last_change(self):
        for engine in (DB, COOKIES):
            self.assertEqual(self.visits(engine=engine)[:3], ["tea", "empty", "empty"])

    def test_a_cookie_is_sent_anew_only_when_an_older_key_made_it(self):
        browser = Browser()
        site = {"engine": OUR_COOKIES}
        browser.visit(self.process(0, site=site, announced=True), "/cart?add=tea")
        for generation, sent in ((0, []), (1, ["sessionid"]), (1, [])):
            answer = ask(self.process(generation, site=site), "/cart", browser.cookies)
            self.assertEqual(list(answer.cookies), sent)
            browser.keep(answer)
        # Made by the next key of a process that was not restarted yet.
        answer = ask(self.process(0, site=site, announced=True), "/cart", browser.cookies)
        self.assertEqual((answer.text, list(answer.cookies)), ("tea", []))


class BeforeTheAddOn(Site):
    def test_a_login_of_before_the_add_on_is_good_while_its_secret_is_accepted_and_is_made_anew(self):
        old = {"SECRET_KEY": "of before", "SECRET_KEY_FALLBACKS": []}
        for engine in ENGINES:
            site = {"engine": engine}
            browser = self.logged_in(self.process(0, site={**site, **old}))
            moved = Process(ring(0, self.clock), accept=["of before"], **site)
            visited = [moved, moved, self.process(0, site=site), self.process(1, site=site)]
            self.assertEqual([browser.visit(one) for one in visited], ["user-17"] * 4)
            stranger = self.logged_in(self.process(0, site={**site, **old, "SECRET_KEY": "of nobody"}))
            self.assertEqual(stranger.visit(moved), "nobody")


class Signing(Site):
    def test_what_django_signs_outlives_the_next_rotation_and_not_the_one_after_it(self):
        with self.process(0):
            signed = signing.dumps("user-17")
            reset = default_token_generator.make_token(PERSON)
            cookie = signing.get_cookie_signer(salt="theme").sign("dark")
        for made, good in [
            (self.process(1), True),
            (self.process(2), False),
            (self.process(0, env=revoked(0)), False),
        ]:
            with made:
                self.assertEqual(default_token_generator.check_token(PERSON, reset), good)
                for read in (lambda: signing.loads(signed), lambda: signing.get_cookie_signer(salt="theme").unsign(cookie)):
                    if good:
                        read()
                    else:
                        self.assertRaises(signing.BadSignature, read)

    def test_a_running_process_signs_with_the_first_key_when_the_settle_time_is_over(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        old = self.process(0)
        process = self.process(1, settle=600)

        def known_to_the_old_process():
            with process:
                signed, cookie = signing.dumps("user-17"), signing.get_cookie_signer(salt="theme").sign("dark")
                reset = default_token_generator.make_token(PERSON)
            with old:
                try:
                    signing.loads(signed), signing.get_cookie_signer(salt="theme").unsign(cookie)
                except signing.BadSignature:
                    return default_token_generator.check_token(PERSON, reset)
                return default_token_generator.check_token(PERSON, reset)

        self.assertTrue(known_to_the_old_process())
        self.clock.pass_by(minutes=10)
        self.assertFalse(known_to_the_old_process())

    def test_an_error_page_with_all_settings_and_variables_shows_no_key(self):
        made = ring(1, self.clock, announced=True)
        process = Process(made, DEBUG=True, ADMINS=[made], DEBUG_PROPAGATE_EXCEPTIONS=False)
        page = ask(process, "/fail", status="500").text
        self.assertIn("an error of the app", page)
        for number in range(1, 5):
            self.assertNotIn(key(number), page)


class Refusals(unittest.TestCase):
    def test_a_life_of_another_form_is_refused(self):
        with self.assertRaises(SecureKeyError) as caught:
            ring(0, Clock()).django(life="a year")
        self.assertEqual(caught.exception.code, "bad-life")


if __name__ == "__main__":
    unittest.main()
