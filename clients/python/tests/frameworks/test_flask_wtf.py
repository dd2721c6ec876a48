import sys
import unittest
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf
from wtforms import ValidationError

from browser import Browser
from rings import Clock, revoked, ring, rotated_at


def process(made, **config):
    app = Flask("forms")
    app.config.update(config)
    made.flask(app)
    CSRFProtect(app)

    @app.get("/form")
    def form():
        return generate_csrf()

    @app.get("/send")
    def send():
        try:
            validate_csrf(request.args["token"])
        except ValidationError as error:
            return str(error)
        return "accepted"

    return app


class Forms(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()

    def sent(self, loaded_by, *sent_to):
        browser = Browser()
        token = browser.visit(loaded_by, "/form")
        return [browser.visit(app, f"/send?token={token}") for app in sent_to]

    def test_a_form_that_was_loaded_before_a_rotation_can_be_sent_after_it(self):
        apps = [process(ring(generation, self.clock)) for generation in (0, 1, 2)]
        self.assertEqual(self.sent(apps[0], apps[0], apps[1]), ["accepted"] * 2)
        self.assertEqual(self.sent(apps[0], apps[1], apps[2])[1], "The CSRF token is invalid.")
        self.assertNotEqual(self.sent(apps[0], process(ring(0, self.clock, env=revoked(0)))), ["accepted"])

    def test_a_form_can_be_sent_to_either_half_of_a_formation(self):
        self.clock.at = rotated_at(1) + timedelta(seconds=30)
        old, restarted = process(ring(0, self.clock)), process(ring(1, self.clock, settle=600))
        for first in (old, restarted):
            self.assertEqual(self.sent(first, old, restarted), ["accepted"] * 2)

    def test_a_secret_that_the_app_chose_for_its_forms_is_left_as_it_is(self):
        self.assertEqual(process(ring(0, self.clock), WTF_CSRF_SECRET_KEY="chosen").config["WTF_CSRF_SECRET_KEY"], "chosen")


if __name__ == "__main__":
    unittest.main()
