"""Servers on loopback that count who reaches them, and every spelling of an inside host that must not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

HOSTILE_HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "127.0.0.1.",
    "127.000.000.001",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛocalhost",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127.0.0.1%2f.example.com",
    "example.com@127.0.0.1",
    "127.0.0.1\\@example.com",
    "127.0.0.1#.example.com",
    "127.0.0.1 .example.com",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
]


Talk = Callable[[socket.socket, threading.Event], None]


class Listener:
    """A TCP server on loopback that counts connections and answers each with `talk`, one thread for all."""

    def __init__(self, talk: Talk, *, tls: ssl.SSLContext | None, address: tuple[str, int]) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.stopped = threading.Event()
        self._talk, self._tls = talk, tls
        self._socket = socket.create_server(address)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._answer(connection)
                except OSError:  # the client hung up or refused the certificate, which is what some tests are about
                    continue

    def _answer(self, connection: socket.socket) -> None:
        if self._tls is None:
            self._read_and_talk(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as secured:
            self._read_and_talk(secured)

    def _read_and_talk(self, connection: socket.socket) -> None:
        request = b""
        while not _is_whole(request):
            if not (block := connection.recv(65_536)):
                return
            request += block
        self.requests.append(request)
        self._talk(connection, self.stopped)

    def close(self) -> None:
        self.stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    announced = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    return bool(end) and all(len(body) >= int(line.partition(b" ")[2]) for line in announced)


def saying(answer: bytes) -> Talk:
    return lambda connection, _: connection.sendall(answer)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Two: a\r\nContent-Length: 5\r\n\r\nhello"
