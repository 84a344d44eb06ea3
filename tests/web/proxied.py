"""An application behind a real proxy that asks Doorward, set up as docs/forward-auth.md says."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

from tests.application import BASE_URL, Browser, World
from tests.servers.doorward import free_port
from tests.servers.echo import echoing
from tests.servers.nginx import nginx

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SESSION = "__Host-doorward"


@dataclass
class Proxied:
    """The proxy, as whoever talks to its port sees it."""

    world: World
    port: int

    def browser(self) -> Browser:
        """A browser with cookies of its own, whose every request goes to the proxy."""
        return Browser(Client(self._over_the_wire), self.world)

    def send(self, browser: Browser, *headers: tuple[str, str], method: str = "GET", target: str = "/") -> Answer:
        """A request with just these headers, in their order and spelling, and this browser's session."""
        cookie = browser.client.get_cookie(_SESSION, domain=BASE_URL.partition("//")[2])
        session = () if cookie is None else (("Cookie", f"{_SESSION}={cookie.value}"),)
        return self._exchange(method, target, (("Host", "app.test"), *session, *headers))

    def _over_the_wire(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [(name[5:].replace("_", "-"), str(value)) for name, value in environ.items() if name[:5] == "HTTP_"]
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                headers.append((name.replace("_", "-").title(), str(environ[name])))
        body = environ["wsgi.input"].read()
        answer = self._exchange(environ["REQUEST_METHOD"], environ["REQUEST_URI"], headers, body)
        start_response(f"{answer.status} {http.client.responses[answer.status]}", answer.headers)
        return [answer.body]

    def _exchange(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body or None)
        with connection.getresponse() as response:
            answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@contextmanager
def behind_nginx(world: World, directory: Path, *, query: str = "") -> Iterator[Proxied]:
    """An echoing application and this Doorward behind nginx; `query` is what nginx asks of /auth/verify."""
    port = free_port()
    with _serving(world.program.app) as doorward, echoing() as application:
        text = nginx_recipe(port, doorward=doorward, application=application, query=query)
        with nginx(directory, text, port=port):
            yield Proxied(world, port)


def nginx_recipe(port: int, *, doorward: int, application: int, query: str = "") -> str:
    """The recipe of docs/forward-auth.md with the ports of this machine, and without TLS."""
    page = Path("docs/forward-auth.md").read_text("utf-8")
    (text,) = re.findall(r"```nginx\n(upstream .*?)```", page, re.DOTALL)
    for written, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "    ssl_certificate /etc/ssl/app.example.com.pem;\n": "",
        "    ssl_certificate_key /etc/ssl/app.example.com.key;\n": "",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{doorward};",
        "server 127.0.0.1:3000;": f"server 127.0.0.1:{application};",
        "doorward/auth/verify;": f"doorward/auth/verify{query};",
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, here)
    return str(text)


class _Quiet(WSGIRequestHandler):
    @override
    def log(self, type: str, message: str, *args: Any) -> None:
        """Stay silent."""


@contextmanager
def _serving(application: WSGIApplication) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
