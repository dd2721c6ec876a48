"""A visitor: keeps cookies as a browser does, and calls WSGI apps directly."""

import io
from http.cookies import SimpleCookie


class Browser:
    def __init__(self, cookies=None):
        self.cookies = dict(cookies or {})

    def visit(self, app, path="/"):
        """The text of the answer, whose cookies are kept."""
        answer = ask(app, path, self.cookies)
        self.keep(answer)
        return answer.text

    def visit_together(self, apps, path="/"):
        """As many requests as apps, all sent before the first is answered."""
        sent = dict(self.cookies)
        answers = [ask(app, path, sent) for app in apps]
        for answer in answers:
            self.keep(answer)
        return [answer.text for answer in answers]

    def keep(self, answer):
        for name, cookie in answer.cookies.items():
            if cookie["max-age"] == 0 or cookie["max-age"] == "0" or "1970" in cookie["expires"]:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie.coded_value


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        self.cookies = SimpleCookie()
        for name, value in headers:
            if name.lower() == "set-cookie":
                self.cookies.load(value)


def ask(app, path="/", cookies=(), status="200"):
    """One request; an answer of another status is an error of the test."""
    cookies = dict(cookies)
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if cookies:
        environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    started = []
    body = app(environ, lambda status, headers, *_: started.append((status, headers)))
    text = b"".join(body).decode()
    getattr(body, "close", lambda: None)()
    answered, headers = started[0]
    if not answered.startswith(status):
        raise AssertionError(f"{path} was answered with {answered}: {text[:300]}")
    return Answer(answered, headers, text)
