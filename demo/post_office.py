"""A mail server on loopback that keeps what it is given, for the people of the demo to read.

Just enough of SMTP (RFC 5321) for one client on this machine: the standard library has none since Python 3.12.
"""

from __future__ import annotations

import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

from demo.serving import serving

_LOOPBACK = "127.0.0.1"
_MOST_KEPT = 200
CODE = r"code is (\d{6})"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as its reader sees it."""

    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        """The sign-in code in it; empty where there is none."""
        return self.quote(CODE)

    def quote(self, pattern: str) -> str:
        """What the first group of a pattern finds in it; empty where it finds nothing."""
        found = re.search(pattern, self.text)
        return found.group(1) if found else ""


@dataclass
class PostOffice:
    """Keeps the latest letters. `url` is what DOORWARD_SMTP_URL takes."""

    url: str
    letters: list[Letter] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def deliver(self, letter: Letter) -> None:
        with self._arrived:
            self.letters = [*self.letters[-_MOST_KEPT:], letter]
            self._arrived.notify_all()

    def await_code(self, address: str, *, besides: str = "") -> str:
        """The latest code mailed to an address, other than `besides`. Raises TimeoutError."""
        return self.await_quote(address, CODE, besides=besides)

    def await_quote(self, address: str, pattern: str, *, besides: str = "", seconds: float = 30) -> str:
        """What a pattern finds in the latest letter to an address that has it, other than `besides`. Raises
        TimeoutError.
        """
        end = time.monotonic() + seconds
        with self._arrived:
            while not (quote := self._latest(address, pattern)) or quote == besides:
                if not self._arrived.wait(end - time.monotonic()):
                    raise TimeoutError(f"nothing was mailed to {address} with {pattern}")
            return quote

    def latest_code(self, address: str) -> str:
        """The latest code mailed to an address; empty where there is none."""
        return self._latest(address, CODE)

    def _latest(self, address: str, pattern: str) -> str:
        quotes = (one.quote(pattern) for one in reversed(self.letters) if one.to == address)
        return next(filter(None, quotes), "")


@contextmanager
def open_office() -> Iterator[PostOffice]:
    """A post office on a free port."""
    server = socketserver.ThreadingTCPServer((_LOOPBACK, 0), _Counter)
    office = PostOffice(f"smtp://{_LOOPBACK}:{server.server_address[1]}")
    server.RequestHandlerClass = type("Counter", (_Counter,), {"office": office})
    with serving(server):
        yield office


class _Counter(socketserver.StreamRequestHandler):
    """One conversation."""

    office: PostOffice
    _recipients: list[str]

    def handle(self) -> None:
        self._recipients = []
        self._say("220 demo")
        while line := self.rfile.readline(1000):
            command = line.decode("ascii", "replace").strip()
            match command[:4].upper():
                case "RCPT":
                    self._recipients.append(command.partition("<")[2].partition(">")[0])
                    self._say("250 taken")
                case "DATA":
                    self._say("354 go on")
                    self._take(self._read_message())
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 goodbye")
                    return
                case _:
                    self._say("250 taken")

    def _read_message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _take(self, content: bytes) -> None:
        message = message_from_bytes(content, policy=default)
        body = message.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        for recipient in self._recipients:
            self.office.deliver(Letter(recipient, str(message["Subject"]), text))
        self._recipients = []

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
