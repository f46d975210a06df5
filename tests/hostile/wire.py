"""A client that sends bytes as they are, and reads answers strictly."""

import base64
import contextlib
import re
import socket
import time

from .stub import PAGE

# How long is waited for what must not come.
QUIET = 0.12


class Answer:
    """One answer: its status, headers by lower-case name, and body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


class Exchange:
    """A connection to a server at `port`. What comes is kept in `answers`; `closed` tells whether the server ended it."""

    def __init__(self, port, timeout):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.buffer = b""
        self.answers = []
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, parts, ends=False):
        """Sends strings, and waits for as many seconds as numbers say. A server that has enough may have closed before."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                if isinstance(part, str):
                    self.socket.sendall(part.encode("latin-1"))
                else:
                    time.sleep(part)
            if ends:
                self.socket.shutdown(socket.SHUT_WR)

    def read(self, count, bodiless=False, closes=False, more=True):
        """Reads until so many answers came and, where it `closes`, until the server has ended the connection; then as long as `more` comes."""
        while not self.closed:
            while self.answer(bodiless):
                pass
            waits = closes or len(self.answers) < count
            if not waits and not more:
                return
            self.socket.settimeout(self.timeout if waits else QUIET)
            try:
                came = self.socket.recv(1 << 16)
            except TimeoutError:
                return
            except ConnectionResetError:
                came = b""
            self.closed = not came
            self.buffer += came

    def answer(self, bodiless):
        """Takes a whole answer out of what came; whether there was one."""
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", first)
        if not status:
            return False
        status = int(status.group(1))
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if bodiless or status < 200 or status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            found = dechunked(rest)
            if found is None:
                return False
            body, rest = found
        else:
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return False
            body, rest = rest[:length], rest[length:]
        self.answers.append(Answer(status, headers, body))
        self.buffer = rest
        return True


def dechunked(data):
    """The body of whole chunks at the start of some bytes, and the bytes behind it; None where its end is not there."""
    body = b""
    while True:
        size, end, rest = data.partition(b"\r\n")
        if not end:
            return None
        size = int(size, 16)
        if len(rest) < size + 2:
            return None
        body, data = body + rest[:size], rest[size + 2:]
        if not size:
            return body, data


def filled(text, port, page=None):
    """A text of a case with its `<…>` replaced by what they stand for. `page` is a page's address that leads to Sluice."""
    password = "Authorization: Basic " + base64.b64encode(b"analyst:analyst-password").decode() + "\r\n"
    auth = password + "X-Trino-User: analyst\r\n"
    page = page or PAGE
    known = {"H": f"Host: localhost:{port}\r\n" + auth, "HOST": f"localhost:{port}", "AUTH": auth, "PASSWORD": password,
             "PAGE": page, "BARE": page.partition("?")[0], "MARK": "".join(page.partition("?")[1:])}
    text = re.sub(r"<([A-Z]+)>", lambda found: known[found.group(1)], text)
    text = re.sub(r"<HEADERS\*(\d+)>", lambda found: "".join(f"X-{number}: 1\r\n" for number in range(int(found.group(1)))), text)
    return re.sub(r"<A\*(\d+)>", lambda found: "A" * int(found.group(1)), text)
