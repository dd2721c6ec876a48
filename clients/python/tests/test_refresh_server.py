"""One request of a server that hangs, lies, or breaks off."""

import time
import unittest

from raw_server import RawServer, http
from securekey._http import Unanswered, ask
from securekey._source import Address

LIMIT = 0.3


def asked(port, *, method="GET", body=None, limit=LIMIT):
    return ask(Address(False, "127.0.0.1", port, "/v1"), method, "/keyring", {"Authorization": "Bearer sk_x"}, body, limit)


class Requests(unittest.TestCase):
    def answered(self, served, **options):
        """The answer to what is sent, or the word for its failure. ``served`` are bytes, or what is done with the connection."""

        def serve(connection, number):
            if callable(served):
                served(connection, number)
            else:
                connection.sendall(served)

        with RawServer(serve) as server:
            self.server = server
            began = time.monotonic()
            try:
                return asked(server.port, **options)
            except Unanswered as error:
                self.assertIsNone(error.__context__)
                return error.word
            finally:
                self.assertLess(time.monotonic() - began, LIMIT + 3)

    def test_an_answer_is_read_with_its_headers_in_lower_case(self):
        answer = self.answered(http(200, b"{}", ETag='"a"', X_Two="1") + b"rest")
        self.assertEqual((answer.status, answer.body, answer.headers["etag"], answer.headers["x-two"]), (200, b"{}", '"a"', "1"))
        request = self.server.requests[0].decode()
        self.assertTrue(request.startswith("GET /v1/keyring HTTP/1.1\r\n"), request)
        self.assertIn("Connection: close", request)

    def test_a_header_that_stands_twice_is_no_number(self):
        answer = self.answered(b"HTTP/1.1 429 X\r\nRetry-After: 1\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(answer.headers["retry-after"], "1, 2")

    def test_a_server_that_hangs_costs_the_limit_and_no_more(self):
        for sent in (b"", b"HTTP/1.1 200 X\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nab"):

            def hang(connection, _, sent=sent):
                connection.sendall(sent)
                self.server.ended.wait(5)

            self.assertEqual(self.answered(hang), "too-slow", sent)

    def test_a_server_that_sends_a_byte_now_and_then_for_ever_costs_the_limit_and_no_more(self):
        for sent in (b"HTTP/1.1 200 X\r\nA: ", b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1", b"HTTP/1.1 200 X\r\n\r\n"):

            def drip(connection, _, sent=sent):
                connection.sendall(sent)
                for _ in range(40):
                    if not self.server.ended.wait(0.05):
                        connection.sendall(b"1")

            self.assertEqual(self.answered(drip), "too-slow", sent)

    def test_interim_answers_for_ever_cost_the_limit_and_no_more(self):
        def interim(connection, _):
            for _ in range(100):
                if not self.server.ended.wait(0.02):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

        self.assertEqual(self.answered(interim), "too-slow")

    def test_the_answer_after_interim_ones_counts(self):
        for status in (100, 102, 103):
            answer = self.answered(b"HTTP/1.1 %d X\r\nLink: </x>\r\n\r\n" % status * 2 + http(200, b"{}", ETag='"a"'))
            self.assertEqual((answer.status, answer.body, answer.headers.get("etag")), (200, b"{}", '"a"'), status)
        self.assertEqual(self.answered(http(101)).status, 101)

    def test_an_answer_of_any_length_fills_no_memory(self):
        for sent in (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b""):
            taken = [0]

            def flood(connection, _, sent=sent, taken=taken):
                connection.settimeout(1)
                connection.sendall(sent)
                while not self.server.ended.is_set():
                    taken[0] += connection.send(b"HTTP/1.1 103 X\r\nA: b\r\n\r\n" * 1_000)

            self.assertEqual(self.answered(flood, limit=5), "unreachable", sent)
            self.assertLess(taken[0], 20_000_000)

    def test_a_connection_that_breaks_off_is_no_answer(self):
        for sent in (
            b"", b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nab", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc X\r\n\r\n",
            b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 500 + b"\r\n", b"HTTP/1.1 200 X\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        ):  # fmt: skip
            self.assertEqual(self.answered(sent), "unreachable", sent[:60])

    def test_nobody_there_is_no_answer(self):
        with RawServer(lambda *_: None) as server:
            port = server.port
        with self.assertRaises(Unanswered) as caught:
            asked(port)
        self.assertEqual(caught.exception.word, "unreachable")

    def test_of_a_body_no_more_is_read_than_is_believed(self):
        self.assertEqual(len(self.answered(http(200, b"x" * 65_536)).body), 65_536)
        self.assertIsNone(self.answered(http(200, b"x" * 65_537)).body)

        def endless(connection, _):
            connection.sendall(b"HTTP/1.1 200 X\r\n\r\n")
            while not self.server.ended.is_set():
                connection.sendall(b"x" * 10_000)

        self.assertIsNone(self.answered(endless, limit=5).body)

    def test_a_body_that_nobody_needs_is_not_waited_for(self):
        for status in (304, 401, 410, 500):
            self.assertEqual(self.answered(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status).status, status)
        answer = self.answered(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n", method="POST", body=b"{}")
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_no_redirect_is_followed(self):
        with RawServer(lambda connection, _: connection.sendall(http(200))) as other:
            answer = self.answered(http(302, Location=f"http://127.0.0.1:{other.port}/v1/keyring"))
            self.assertEqual((answer.status, other.requests), (302, []))


if __name__ == "__main__":
    unittest.main()
