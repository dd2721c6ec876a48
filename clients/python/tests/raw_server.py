"""A server of 127.0.0.1 that does to each connection what a test says."""

import contextlib
import socket
import threading


class RawServer:
    """``serve(connection, number)`` is called for each connection, after its request was read. ``requests`` is what came."""

    def __init__(self, serve, context=None):
        self.requests, self.ended = [], threading.Event()
        self._serve, self._context = serve, context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            with self._context.wrap_socket(connection, server_side=True) if self._context else connection as secured:
                request = b""
                while b"\r\n\r\n" not in request:
                    part = secured.recv(65_536)
                    if not part:
                        return
                    request += part
                self.requests.append(request)
                self._serve(secured, len(self.requests))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._listener.close()


def http(status, body=b"", **headers):
    lines = [f"HTTP/1.1 {status} X"] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
