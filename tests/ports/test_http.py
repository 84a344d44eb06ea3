"""Outgoing requests: what may be reached, what is cut, and what never leaves, against real listeners on loopback."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.ports.addresses import may_reach, system_addresses
from app.ports.http import GuardedHttp, HttpFailedError
from tests.ports.listening import HOSTILE_HOSTS, OK, Listener, Talk, saying

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "64:ff9b::a00:1",
    "2001::1",
    "2001:db8::1",
    "2002:a00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
]


Listen = Callable[..., Listener]


@pytest.fixture
def listen() -> Iterator[Listen]:
    opened: list[Listener] = []

    def open_one(
        talk: Talk, *, tls: ssl.SSLContext | None = None, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> Listener:
        opened.append(Listener(talk, tls=tls, address=address))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.close()


def dripping(first: bytes, drop: bytes) -> Talk:
    """Answers for ever, a few bytes at a time."""

    def talk(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(first)
        while not stopped.wait(0.02):
            connection.sendall(drop)

    return talk


def flooding(first: bytes, block: bytes) -> Talk:
    def talk(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(first)
        while not stopped.is_set():
            connection.sendall(block)

    return talk


def silence(_connection: socket.socket, stopped: threading.Event) -> None:
    stopped.wait(5)


# What may be reached


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_spelling_of_an_inside_host_reaches_the_canary(host: str, scheme: str, listen: Listen) -> None:
    canary = listen(saying(OK))
    with pytest.raises(HttpFailedError):
        GuardedHttp(False).get(f"{scheme}://{host}:{canary.port}/")
    assert canary.connections == 0


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_may_not_be_reached(address: str) -> None:
    assert not may_reach(address, loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_reached(address: str) -> None:
    assert may_reach(address, loopback=False)


def test_the_development_switch_opens_loopback_and_nothing_else() -> None:
    opened = {address for address in NOT_PUBLIC if may_reach(address, loopback=True)}
    assert opened == {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://:443/",
        "https://user:pass@example.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:99999999999999999999/",
        "https://example.com:abc/",
        "https://example.com:/",
        "https://example.com/#fragment",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://exämple.com/",
        "https://[::1",
        "https://[v1.x]/",
        "https://-example.com/",
        "https://example.com./",
        "https://example.com:²/",
    ],
)
def test_a_url_that_can_be_read_in_two_ways_is_refused_before_any_look_up(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ("8.8.8.8",)

    with pytest.raises(HttpFailedError):
        GuardedHttp(False, resolve=resolve).get(url)
    assert asked == []


def test_one_inside_address_among_public_ones_is_enough_to_refuse(listen: Listen) -> None:
    canary = listen(saying(OK))
    http = GuardedHttp(False, resolve=lambda host, port: ("8.8.8.8", "127.0.0.1"))
    with pytest.raises(HttpFailedError, match="not on the public internet"):
        http.get(f"https://two-faced.test:{canary.port}/")
    assert canary.connections == 0


def test_a_dns_answer_that_changes_after_the_check_changes_nothing(listen: Listen) -> None:
    checked = listen(saying(OK))
    canary = listen(saying(OK), address=("127.0.0.2", checked.port))
    answers = iter([("127.0.0.1",), ("127.0.0.2",), ("127.0.0.2",)])
    http = GuardedHttp(True, resolve=lambda host, port: next(answers))
    http.get(f"http://rebinding.test:{checked.port}/")
    assert (checked.connections, canary.connections) == (1, 0)
    assert next(answers) == ("127.0.0.2",)  # the name was looked up once


def test_the_connection_goes_to_the_checked_address_and_the_name_is_asked_once(listen: Listen) -> None:
    server = listen(saying(OK))
    answers = iter([("127.0.0.1",)])
    http = GuardedHttp(True, resolve=lambda host, port: next(answers))
    assert http.get(f"http://idp.test:{server.port}/a?b=c").body == b"hello"
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: idp.test:{server.port}\r\n".encode() in server.requests[0]


def test_a_host_without_address_is_reported(listen: Listen) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("unknown")

    with pytest.raises(HttpFailedError, match="no address in DNS"):
        GuardedHttp(False, resolve=resolve).get("https://nowhere.test/")
    with pytest.raises(HttpFailedError, match="not on the public internet"):
        GuardedHttp(False, resolve=lambda host, port: ()).get("https://nowhere.test/")


def test_the_system_resolver_names_each_address_once() -> None:
    assert system_addresses("127.0.0.1", 443) == ("127.0.0.1",)


def test_http_is_refused_for_anything_but_loopback() -> None:
    http = GuardedHttp(True, resolve=lambda host, port: ("8.8.8.8",))
    with pytest.raises(HttpFailedError, match="https://"):
        http.get("http://idp.test/")


def test_the_next_checked_address_is_tried_when_one_refuses_the_connection(listen: Listen) -> None:
    server = listen(saying(OK))
    http = GuardedHttp(True, resolve=lambda host, port: ("127.0.0.2", "::1", "127.0.0.1"))
    assert http.get(f"http://idp.test:{server.port}/").status == 200


def test_a_closed_port_is_reported(listen: Listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(HttpFailedError, match="could not be reached"):
        GuardedHttp(True).get(f"http://127.0.0.1:{port}/")


# What an answer is


def test_any_status_is_an_answer_with_lower_case_headers(listen: Listen) -> None:
    server = listen(saying(OK.replace(b"200 OK", b"503 Busy")))
    answer = GuardedHttp(True).get(f"http://127.0.0.1:{server.port}/", headers={"Accept": "application/json"})
    assert (answer.status, answer.headers["x-two"], answer.body) == (503, "a", b"hello")
    assert b"Accept: application/json\r\n" in server.requests[0]


def test_a_form_is_posted_urlencoded(listen: Listen) -> None:
    server = listen(saying(OK))
    GuardedHttp(True).post_form(f"http://127.0.0.1:{server.port}/token", {"code": "a b&c", "n": "1"})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"code=a+b%26c&n=1"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("scheme", ["http:", "https:", "", "file:"])
def test_a_redirect_to_loopback_is_an_answer_and_not_followed(status: int, scheme: str, listen: Listen) -> None:
    canary = listen(saying(OK))
    location = f"Location: {scheme}//127.0.0.1:{canary.port}/\r\nRefresh: 0;url={scheme}//127.0.0.1:{canary.port}/"
    server = listen(saying(f"HTTP/1.1 {status} Elsewhere\r\n{location}\r\nContent-Length: 0\r\n\r\n".encode()))
    url = f"http://127.0.0.1:{server.port}/"
    for answer in (GuardedHttp(True).get(url), GuardedHttp(True).post_form(url, {"code": "a"})):
        assert (answer.status, canary.connections) == (status, 0)


def test_a_cookie_is_not_sent_back(listen: Listen) -> None:
    server = listen(saying(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"))
    http = GuardedHttp(True)
    for _ in range(2):
        http.get(f"http://127.0.0.1:{server.port}/")
    assert not any(b"cookie" in request.lower() for request in server.requests)
    assert server.connections == 2


def test_neither_a_proxy_nor_netrc_from_the_environment_is_used(
    listen: Listen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy, server = listen(saying(OK)), listen(saying(OK))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    GuardedHttp(True).get(f"http://127.0.0.1:{server.port}/")
    assert (proxy.connections, server.connections) == (0, 1)
    assert b"Authorization" not in server.requests[0]


def test_a_header_that_cannot_be_sent_is_refused(listen: Listen) -> None:
    server = listen(saying(OK))
    for value in ("line\r\nX-Injected: 1", "\u20ac"):
        with pytest.raises(HttpFailedError):
            GuardedHttp(True).get(f"http://127.0.0.1:{server.port}/", headers={"Authorization": value})
    assert not any(b"Injected" in request for request in server.requests)


# What is cut


def _refused(http: GuardedHttp, server: Listener, match: str) -> float:
    began = time.monotonic()
    with pytest.raises(HttpFailedError, match=match):
        http.get(f"http://127.0.0.1:{server.port}/")
    return time.monotonic() - began


def test_an_answer_over_one_megabyte_is_cut(listen: Listen) -> None:
    server = listen(flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536))
    _refused(GuardedHttp(True), server, "larger than 1 MB")


def test_an_answer_of_exactly_one_megabyte_is_accepted(listen: Listen) -> None:
    server = listen(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000))
    assert len(GuardedHttp(True).get(f"http://127.0.0.1:{server.port}/").body) == 1_000_000


def test_a_compressed_answer_is_refused_unread(listen: Listen) -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    _refused(GuardedHttp(True), listen(saying(head + bomb)), "compressed")


def test_a_slow_drip_of_body_is_cut_at_the_total_time(listen: Listen) -> None:
    server = listen(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"))
    assert _refused(GuardedHttp(True, seconds=0.4), server, "longer than 0.4 seconds") < 2


def test_a_slow_drip_of_one_header_is_cut_at_the_total_time(listen: Listen) -> None:
    server = listen(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"))
    assert _refused(GuardedHttp(True, seconds=0.4), server, "longer than") < 2


def test_silence_is_cut_at_the_total_time(listen: Listen) -> None:
    server = listen(silence)
    assert _refused(GuardedHttp(True, seconds=0.4), server, "longer than|could not be reached") < 2


def test_endless_headers_are_cut(listen: Listen) -> None:
    server = listen(flooding(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"))
    assert _refused(GuardedHttp(True, seconds=2), server, "could not be reached or broke off|longer than") < 4


def test_endless_interim_answers_are_cut(listen: Listen) -> None:
    server = listen(flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert _refused(GuardedHttp(True, seconds=0.4), server, "longer than") < 2


def test_what_is_not_http_is_reported(listen: Listen) -> None:
    _refused(GuardedHttp(True), listen(saying(b"SSH-2.0-OpenSSH\r\n")), "could not be reached or broke off")


def test_a_body_shorter_than_announced_is_reported(listen: Listen) -> None:
    server = listen(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"))
    _refused(GuardedHttp(True), server, "could not be reached or broke off")


def test_a_name_server_that_does_not_answer_is_not_waited_for(listen: Listen) -> None:
    answered = threading.Event()
    canary = listen(saying(OK))
    finished = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        answered.wait(10)
        finished.set()
        return ("127.0.0.1",)

    began = time.monotonic()
    with pytest.raises(HttpFailedError, match="longer than"):
        GuardedHttp(True, resolve=resolve, seconds=0.3).get(f"http://slow.test:{canary.port}/")
    assert time.monotonic() - began < 2
    answered.set()
    finished.wait(5)
    _wait_for_exchanges()
    assert canary.requests == []  # whoever gave up waiting gets no request sent in its name


def test_no_thread_is_left_behind_by_an_exchange_that_was_cut(listen: Listen) -> None:
    server = listen(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"))
    _refused(GuardedHttp(True, seconds=0.2), server, "longer than")
    _wait_for_exchanges()


def _wait_for_exchanges() -> None:
    for thread in threading.enumerate():
        if thread.name == "doorward-http":
            thread.join(timeout=3)
            assert not thread.is_alive()


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for idp.test and 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.test")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("idp.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "idp.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def _tls(certificate: Path, names: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return context


@pytest.mark.parametrize(("host", "sni"), [("idp.test", "idp.test"), ("127.0.0.1", None)])
def test_tls_speaks_to_the_name_although_the_address_is_pinned(
    host: str, sni: str | None, certificate: Path, listen: Listen
) -> None:
    names: list[str | None] = []
    server = listen(saying(OK), tls=_tls(certificate, names))
    http = GuardedHttp(True, resolve=lambda host, port: ("127.0.0.1",), ca_file=str(certificate))
    assert http.get(f"https://{host}:{server.port}/").body == b"hello"
    assert names == [sni]


def test_a_certificate_for_another_name_is_refused(certificate: Path, listen: Listen) -> None:
    server = listen(saying(OK), tls=_tls(certificate, []))
    http = GuardedHttp(True, resolve=lambda host, port: ("127.0.0.1",), ca_file=str(certificate))
    with pytest.raises(HttpFailedError, match="certificate"):
        http.get(f"https://other.test:{server.port}/")
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(certificate: Path, listen: Listen) -> None:
    server = listen(saying(OK), tls=_tls(certificate, []))
    with pytest.raises(HttpFailedError, match="certificate"):
        GuardedHttp(True).get(f"https://127.0.0.1:{server.port}/")
    assert server.requests == []
