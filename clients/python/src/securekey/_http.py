"""One request, with a limit for all of it. No redirect is followed, and no connection is kept."""

import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional

from ._source import Address

#: For all of a request: connecting, asking, and the whole answer.
LIMIT_SECONDS = 10.0
_MOST_BYTES = 65_536
#: The body, how it is cut into chunks, and what stands before it.
_MOST_ANSWER_BYTES = 2 * _MOST_BYTES
_MOST_ADDRESSES = 8
#: For one of several addresses: where the first is dead, there is time left for another.
_CONNECT_SECONDS = 4.0
_STATUSES_WITH_BODY = (200, 503)


@dataclass(frozen=True)
class Answer:
    """``headers`` by their names in lower case. ``body``: None where it is too long, and empty where nobody needs it."""

    status: int
    headers: Mapping[str, str]
    body: Optional[bytes]

    def __repr__(self) -> str:
        return f"<an answer with status {self.status}>"


class Unanswered(Exception):
    """There is no answer: ``word`` is ``too-slow`` or ``unreachable``."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def ask(
    address: Address, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes] = None,
    limit: float = LIMIT_SECONDS,
) -> Answer:  # fmt: skip
    """Raises :class:`Unanswered`, and nothing else. The name of a host is looked up as long as the system does."""
    deadline = _Deadline(time.monotonic() + limit)
    try:
        return _asked(address, method, path, headers, body, deadline)
    except Exception:  # noqa: BLE001 - whatever a server does is no error of the app
        word = "too-slow" if deadline.is_over else "unreachable"
    # Outside of the handler: what failed in there may name the address.
    raise Unanswered(word)


class _Deadline:
    def __init__(self, until: float) -> None:
        self._until = until

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def give(self, sock: socket.socket, most: float = LIMIT_SECONDS) -> None:
        """What is left is the limit of the next wait of this socket."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise socket.timeout
        sock.settimeout(min(left, most))


def _asked(
    address: Address, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], deadline: _Deadline
) -> Answer:
    connection = http.client.HTTPConnection(address.host, address.port)
    if address.is_https:
        # Or the header Host would name the port.
        connection.default_port = http.client.HTTPS_PORT
    try:
        connection.sock = sock = _opened(address, deadline)
        connection.response_class = _reading(deadline)  # type: ignore[assignment]
        deadline.give(sock)
        connection.request(method, address.path + path, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:
            is_read = response.status in _STATUSES_WITH_BODY and method == "GET"
            content = response.read(_MOST_BYTES + 1) if is_read else b""
            # A body of a stated length that broke off is read without an error.
            if is_read and response.length and len(content) <= _MOST_BYTES:
                raise http.client.IncompleteRead(b"")
            return Answer(response.status, _named(response), None if len(content) > _MOST_BYTES else content)
    finally:
        connection.close()


def _named(response: http.client.HTTPResponse) -> Dict[str, str]:
    told: Dict[str, str] = {}
    for name, value in response.getheaders():
        name = name.lower()
        told[name] = f"{told[name]}, {value}" if name in told else value
    return told


def _opened(address: Address, deadline: _Deadline) -> Any:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[:_MOST_ADDRESSES]
    last: Exception = OSError()
    for family, kind, proto, _, where in found:
        sock = socket.socket(family, kind, proto)
        try:
            deadline.give(sock, _CONNECT_SECONDS if len(found) > 1 else LIMIT_SECONDS)
            sock.connect(where)
            if not address.is_https:
                return sock
            deadline.give(sock)
            return ssl.create_default_context().wrap_socket(sock, server_hostname=address.host)
        except Exception as error:  # noqa: BLE001 - the next address may do
            sock.close()
            last = error
    raise last


def _reading(deadline: _Deadline) -> Callable[..., http.client.HTTPResponse]:
    """A response whose reads share one deadline: a socket's own limit begins anew with each byte."""

    def response(sock: socket.socket, *arguments: Any, **options: Any) -> http.client.HTTPResponse:
        return _Final(_Patient(sock, deadline), *arguments, **options)  # type: ignore[arg-type]

    return response


class _Final(http.client.HTTPResponse):
    """The answer after all interim ones: ``http.client`` skips no other than 100."""

    def begin(self) -> None:
        super().begin()
        while 100 < self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]
            super().begin()


class _Patient(io.RawIOBase):
    """What a response takes for its socket: it asks for a file to read from, and for nothing else. It is bounded, since
    ``http.client`` reads a chunk of the length -1 to its end."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline, self._left = sock, deadline, _MOST_ANSWER_BYTES
        self._raw: Any = sock.makefile("rb", buffering=0)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._deadline.give(self._sock)
        count: Optional[int] = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
