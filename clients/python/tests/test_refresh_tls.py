"""A request by https. Needs the program openssl."""

import os
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from raw_server import RawServer, http
from securekey._http import Unanswered, ask
from securekey._source import Address


class Tls(unittest.TestCase):
    def test_only_a_server_whose_certificate_is_trusted_for_its_name_is_asked(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [str(Path(folder, name)) for name in ("key", "certificate")]
            command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
            subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", names[0], "-out", names[1]]
            subprocess.run([*command, *subject], check=True, capture_output=True, timeout=30)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(names[1], names[0])
            with RawServer(lambda connection, _: connection.sendall(http(200, b"{}")), context) as server:

                def outcome(host):
                    try:
                        return ask(Address(True, host, server.port, "/v1"), "GET", "/keyring", {}, limit=5).status
                    except Unanswered as error:
                        return error.word

                self.assertEqual(outcome("127.0.0.1"), "unreachable")
                os.environ["SSL_CERT_FILE"] = names[1]
                self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
                self.assertEqual([outcome("127.0.0.1"), outcome("localhost")], [200, "unreachable"])


if __name__ == "__main__":
    unittest.main()
