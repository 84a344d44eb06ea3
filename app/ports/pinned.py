"""One exchange with one checked address: a URL taken apart once, a connection that can be cut, TLS for the name."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.connection
from requests_hardened.ip_filter_adapter import IPFilterAdapter

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"(?:\d+|0[xX][0-9A-Fa-f]*)")
_DOTTED_QUAD = re.compile(r"(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]|\\")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once, so that no second parser can understand it differently."""

    scheme: str
    host: str
    port: int
    path: str

    def url_at(self, address: str) -> str:
        """The same resource, asked of one address."""
        return f"{self.scheme}://{f'[{address}]' if ':' in address else address}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Line:
    """The connection of one exchange as its caller holds it: it can be cut from another thread at any moment."""

    def __init__(self, *, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._cut = False
        self._handle: socket.socket | None = None
        self.opened = False

    def remaining(self) -> float:
        """Seconds left, never zero: urllib3 takes no zero for a timeout."""
        return max(self._ends - time.monotonic(), 0.001)

    def open(self, connection: socket.socket) -> None:
        """Take note of a fresh connection. A duplicate is kept, because TLS takes the original's descriptor away."""
        with self._lock:
            if self._cut:
                connection.close()
                raise TimeoutError("the time for this exchange is over")
            self.opened = True
            self._handle = connection.dup()

    def cut(self) -> None:
        """End the exchange, whatever its thread is waiting for."""
        with self._lock:
            self._cut = True
            if self._handle is not None:
                _shut_down(self._handle)

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None


class _WatchedHttp(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        self._line.open(connection)
        return connection


class _WatchedHttps(urllib3.connection.HTTPSConnection):
    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        self._line.open(connection)
        return connection


class PinnedAdapter(IPFilterAdapter):  # type: ignore[misc] # requests-hardened carries no types
    """Connects to the address in the URL; Host, SNI and the certificate check use the name the caller asked for."""

    def __init__(self, target: Target, line: Line, *, loopback: bool) -> None:
        super().__init__(is_https_proto=target.scheme == "https", allow_loopback=loopback)
        self._target = target
        self._line = line

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        request.headers["Host"] = self._target.host_header
        if self._target.scheme == "https":
            pool_kwargs.update({"assert_hostname": self._target.host, "server_hostname": self._target.host})
        return host_params, pool_kwargs

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        watched = _WatchedHttps if self._target.scheme == "https" else _WatchedHttp
        pool.ConnectionCls = functools.partial(watched, line=self._line)
        return pool


def read_target(url: str) -> Target:
    """Take an https or http URL apart. Raises ValueError with a sentence that says what to write instead."""
    if _UNPRINTABLE.search(url):
        raise ValueError("write the URL without spaces, backslashes or letters outside ASCII")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("write a URL that begins with https://")
    if "@" in parts.netloc:
        raise ValueError("write the URL without a user name or password")
    if "#" in url:
        raise ValueError("write the URL without the part from # on")
    host = parts.hostname or ""
    if not _is_plain_host(host, bracketed="[" in parts.netloc):
        raise ValueError("write the host as a plain name, with no number, escape or extra sign in its place")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=_port(parts.netloc, parts.scheme), path=path)


def _is_plain_host(host: str, *, bracketed: bool) -> bool:
    """Every other spelling of an address (2130706433, 0x7f.1, 127.1) is refused rather than understood."""
    if bracketed:
        return _IPV6.fullmatch(host) is not None
    if _DOTTED_QUAD.fullmatch(host):
        return True
    last_label = host.rpartition(".")[2]
    return _HOST_NAME.fullmatch(host) is not None and not _NUMERIC_LABEL.fullmatch(last_label)


def _port(netloc: str, scheme: str) -> int:
    _, colon, text = netloc.rpartition("]")[2].partition(":")
    if not colon:
        return _DEFAULT_PORTS[scheme]
    if not text.isdigit() or not 0 < int(text[:6]) < 65_536:
        raise ValueError("write a port between 1 and 65535")
    return int(text)


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the peer may have closed it already
        connection.shutdown(socket.SHUT_RDWR)
