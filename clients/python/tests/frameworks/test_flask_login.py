import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user

from browser import Browser, ask
from rings import Clock, ring


class Person(UserMixin):
    id = "user-17"


def process(made):
    app = Flask("people")
    made.flask(app)
    LoginManager(app).user_loader(lambda _: Person())

    @app.get("/login")
    def login():
        remember = "remember" in request.args
        login_user(Person(), remember=remember)
        session.permanent = not remember
        return "in"

    @app.get("/")
    def home():
        return current_user.get_id() or "nobody"

    return app


class Logins(unittest.TestCase):
    def setUp(self):
        self.processes = [process(ring(generation, Clock())) for generation in range(4)]

    def logged_in(self, path):
        browser = Browser()
        browser.visit(self.processes[0], path)
        return browser

    def test_a_permanent_session_outlives_the_browser_and_rotations_if_the_visitor_comes_in_between(self):
        browser = self.logged_in("/login")
        for process in self.processes:
            answer = ask(process, "/", browser.cookies)
            browser.keep(answer)
            self.assertEqual((answer.text, answer.cookies["session"]["expires"] != ""), ("user-17", True))

    def test_a_cookie_that_remembers_ends_at_the_next_rotation_and_the_session_beside_it_does_not(self):
        browser = self.logged_in("/login?remember=1")
        self.assertEqual(browser.visit(self.processes[1]), "user-17")
        closed = {"remember_token": self.logged_in("/login?remember=1").cookies["remember_token"]}
        self.assertEqual([Browser(closed).visit(one) for one in self.processes[:2]], ["user-17", "nobody"])


if __name__ == "__main__":
    unittest.main()
