"""What ``refresh`` may say, and what it never shows."""

import pprint
import traceback
import unittest

from rings import key, variables
from service import TOKEN, URL, Process, Service, given
from securekey import SecureKeyError, keyring

QUIET = {"outside": {"start": lambda run: None}}


def made(refresh=True, env=None, **options):
    return keyring(env={**variables(0), **(env or {})}, refresh=refresh, **options)


class Options(unittest.TestCase):
    def refused(self, refresh=True, env=None, **options):
        with self.assertRaises(SecureKeyError) as caught:
            made(refresh, env, **options)
        error = caught.exception
        shown = f"{error} {error!r} {vars(error)}" + self.locals_of(error)
        for secret in (TOKEN, "sk_api_bad", "elsewhere.example", key(2)):
            self.assertNotIn(secret, shown)
        return error.code, error.variable, error.place

    def locals_of(self, error):
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        return repr([frame.f_locals for frame in frames if "/securekey/" in frame.f_code.co_filename])

    def address(self, ring):
        address = ring._background._poll._source.address
        return address.is_https, address.host, address.port, address.path

    def test_the_address_and_the_token_stand_beside_the_variable(self):
        env = {"SECURE_KEY_URL": URL, "SECURE_KEY_TOKEN": TOKEN}
        self.assertEqual(self.address(made(env=env)), (True, "securekey.example", 443, "/v1"))
        other = {f"SERVICE_ONE_{name}": value for name, value in {**variables(0), **env}.items()}
        self.assertTrue(keyring(var="SERVICE_ONE_SECURE_KEY", env=other, refresh=True)._background)

    def test_without_refresh_nobody_is_asked(self):
        env = {**variables(0), "SECURE_KEY_URL": URL, "SECURE_KEY_TOKEN": TOKEN}
        for refresh in (None, False):
            ring = keyring(env=env, refresh=refresh)
            self.assertEqual((ring._background, ring.ready(), ring.close(), "refresh" in ring.stats()), (None, False, None, False))

    def test_what_is_missing_or_wrong_stops_the_app_at_its_start_by_the_name_of_the_variable(self):
        both = {"SECURE_KEY_URL": URL, "SECURE_KEY_TOKEN": TOKEN}
        for env, refused in [
            ({}, ("missing", "SECURE_KEY_URL", None)),
            ({"SECURE_KEY_URL": "x"}, ("missing", "SECURE_KEY_TOKEN", None)),
            ({**both, "SECURE_KEY_TOKEN": ""}, ("missing", "SECURE_KEY_TOKEN", None)),
            ({**both, "SECURE_KEY_URL": "elsewhere.example"}, ("bad-url", "SECURE_KEY_URL", None)),
            ({**both, "SECURE_KEY_TOKEN": "sk_api_bad\r\nX: y"}, ("bad-token", "SECURE_KEY_TOKEN", None)),
            ({**both, "SECURE_KEY_TOKEN": " sk_api_bad"}, ("bad-token", "SECURE_KEY_TOKEN", None)),
            ({**both, "SECURE_KEY_TOKEN": "sk_" + "a" * 201}, ("bad-token", "SECURE_KEY_TOKEN", None)),
            ({"SECURE_KEY_URL": "x", "SECURE_KEY_TOKEN": "x"}, ("bad-url", "SECURE_KEY_URL", None)),
        ]:
            self.assertEqual(self.refused(env=env), refused)
        self.assertEqual(self.refused({"url": "elsewhere.example", "token": TOKEN}), ("bad-url", None, "url"))
        self.assertEqual(self.refused({"url": URL, "token": 17}), ("bad-token", None, "token"))

    def test_keys_that_are_unusable_are_told_before_an_address_is(self):
        self.assertEqual(self.refused(env={"SECURE_KEY": ""}), ("missing", "SECURE_KEY", None))

    def test_only_an_address_of_https_or_of_this_machine_is_asked(self):
        for url in [
            "http://elsewhere.example/v1", "ftp://elsewhere.example/v1", "https://", "https:///v1", "https://user@elsewhere.example/v1",
            "https://elsewhere.example/v1?a=b", "https://elsewhere.example/v1#a", "https://elsewhere.example:0/v1",
            "https://elsewhere.example:99999/v1", "https://elsewhere.example:x/v1", "https://elsewhere.example/v1\n", " https://elsewhere.example",
            "https://elsewhere.example/v 1", "https://[::1/v1", "http://127.0.0.2/v1", "http://localhost.elsewhere.example/v1",
            "https://elsewhere.example\\@b/v1", "https://" + "a" * 254 + "/v1", "https://elsewhere.example/é/v1",
            "https://elsewhere.example", "https://elsewhere.example/v2", "https://elsewhere.example//v1", "https://elsewhere.example/v1//",
            "https://[1.2.3.4]/v1", "https://[::g]/v1", "https://::1/v1", "HTTPS://elsewhere.example/v1", "https://elsewhere.example:/v1",
            "https://elsewhere.example:443٣/v1",
            "http://127.0.0.1@elsewhere.example/v1",
        ]:  # fmt: skip
            self.assertEqual(self.refused({"url": url, "token": TOKEN})[0], "bad-url", url)

    def test_an_address_is_read_in_its_parts(self):
        for url, parts in [
            ("https://elsewhere.example/v1/", (True, "elsewhere.example", 443, "/v1")),
            ("https://elsewhere.example:8443/a/b_c/v1", (True, "elsewhere.example", 8443, "/a/b_c/v1")),
            ("http://localhost:8080/v1", (False, "localhost", 8080, "/v1")),
            ("http://127.0.0.1/v1", (False, "127.0.0.1", 80, "/v1")),
            ("http://[::1]:8080/v1", (False, "::1", 8080, "/v1")),
        ]:
            self.assertEqual(self.address(made({"url": url, "token": TOKEN})), parts)

    def test_an_option_of_another_form_is_refused_by_its_name(self):
        given_both = {"url": URL, "token": TOKEN}
        for refresh, place in [
            ("yes", "refresh"), (17, "refresh"), ([], "refresh"), ({**given_both, "ulr": URL}, "refresh"),
            ({**given_both, "telemetry": "yes"}, "telemetry"), ({**given_both, "telemetry": None}, "telemetry"),
            ({**given_both, "app": ""}, "app"), ({**given_both, "app": "é"}, "app"), ({**given_both, "process": "x" * 65}, "process"),
            ({**given_both, "process": 17}, "process"),
        ]:  # fmt: skip
            self.assertEqual(self.refused(refresh), ("bad-option", None, place))
        for name in ("on_changed", "on_stopped"):
            self.assertEqual(self.refused(given_both, **{name: "x"}), ("bad-option", None, name))

    def test_nothing_that_is_printed_shows_the_token_or_the_address(self):
        process = Process(Service())
        process.service.answers = [given(500)] * 3 + [given(401)]
        for _ in range(4):
            process.wait()
        ring = process.ring
        poll = ring._background._poll
        shown = [ring, ring.stats(), ring.as_dict(), process.told, poll, poll._source, vars(poll), vars(poll._source), repr(poll._source.address)]
        text = f"{shown!r} {pprint.pformat(shown)}"
        self.assertNotIn(TOKEN, text)
        self.assertNotIn("securekey.example", f"{ring!r} {ring.stats()} {process.told} {poll._source!r}")
        for number in range(1, 5):
            self.assertNotIn(key(number), text)


if __name__ == "__main__":
    unittest.main()
