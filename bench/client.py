"""One keep-alive HTTP connection with as little of its own in the time of an exchange as Python allows."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """What came back, and the seconds from the first byte sent to the last received; `head` is status and headers as
    they came.
    """

    status: int
    body: bytes
    seconds: float
    head: bytes = b""


class Connection:
    """A connection to a server on this machine. `headers` go with every request."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/scim+json", **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()

    def exchange(self, method: str, path: str, body: bytes) -> Answer:
        """Send one request and read its answer. Raises ConnectionError when the server hangs up."""
        request = b"%s %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (
            method.encode(),
            path.encode(),
            self._headers,
            len(body),
            body,
        )
        began = time.perf_counter()
        self._socket.sendall(request)
        head, rest = self._head()
        length = _length(head)
        received = self._chunks(rest) if length is None else self._rest(rest, length)
        seconds = time.perf_counter() - began
        return Answer(int(head[9:12]), _joined(received) if length is None else received, seconds, head)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _head(self) -> tuple[bytes, bytes]:
        received = b""
        while _END not in received:
            received += self._receive()
        head, _, rest = received.partition(_END)
        return head, rest

    def _rest(self, received: bytes, length: int) -> bytes:
        parts, missing = [received], length - len(received)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        return b"".join(parts)

    def _chunks(self, received: bytes) -> bytes:
        """The rest of a chunked answer; JSON has no line breaks in it, so the last chunk cannot be mistaken."""
        parts = [received]
        while not (parts[-1].endswith(_LAST_CHUNK) or b"".join(parts[-2:]).endswith(_LAST_CHUNK)):
            parts.append(self._receive())
        return b"".join(parts)

    def _receive(self) -> bytes:
        data = self._socket.recv(262_144)
        if not data:
            raise ConnectionResetError("the server hung up")
        return data


def _length(head: bytes) -> int | None:
    """The length of the body; None when it comes in chunks."""
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    if at < 0:
        if head[9:12] == b"204":
            return 0
        assert b"transfer-encoding: chunked" in lowered
        return None
    return int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


def _joined(received: bytes) -> bytes:
    """The body of a chunked answer (RFC 9112 7.1)."""
    parts, at = [], 0
    while size := int(received[at : (end := received.index(b"\r\n", at))], 16):
        parts.append(received[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(parts)
