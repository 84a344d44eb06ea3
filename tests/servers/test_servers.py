"""The servers of the tests work: each one answers as the real thing does, and the network is closed."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import psutil
import psycopg
import pytest
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text

from tests.servers.dns import DnsServer
from tests.servers.network import OutsideNetwork
from tests.servers.postgres import PostgresServer
from tests.servers.smtp import SmtpServer


def ask(server: DnsServer, name: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.query.tcp if tcp else dns.query.udp
    return query(dns.message.make_query(name, dns.rdatatype.TXT), "127.0.0.1", port=server.port, timeout=5)


def test_postgresql_answers(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert str(connection.scalar(text("SELECT version()"))).startswith("PostgreSQL 18")
    engine.dispose()


def test_databases_of_one_server_are_apart(postgres: PostgresServer, postgres_url: str) -> None:
    other = postgres.create_database()
    assert other != postgres_url
    postgres.drop_database(other)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(other.replace("+psycopg", ""))


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_dns_answers_txt(dns_server: DnsServer, tcp: bool) -> None:
    dns_server.set_txt("_doorward.example.test", "doorward-verification=abc")
    answer = ask(dns_server, "_doorward.example.test", tcp=tcp).answer
    assert [record.to_text() for record in answer[0]] == ['"doorward-verification=abc"']
    assert dns_server.questions[-1].transport == ("tcp" if tcp else "udp")


def test_dns_tells_an_unknown_name_from_a_failure_and_from_an_empty_answer(dns_server: DnsServer) -> None:
    dns_server.fail("broken.example.test")
    dns_server.set_txt("empty.example.test")
    assert ask(dns_server, "unknown.example.test").rcode() == dns.rcode.NXDOMAIN
    assert ask(dns_server, "broken.example.test").rcode() == dns.rcode.SERVFAIL
    empty = ask(dns_server, "empty.example.test")
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])


def test_dns_can_stay_silent(dns_server: DnsServer) -> None:
    dns_server.stay_silent("silent.example.test")
    query = dns.message.make_query("silent.example.test", dns.rdatatype.TXT)
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, "127.0.0.1", port=dns_server.port, timeout=0.1)


def test_smtp_keeps_what_it_is_given(smtp_server: SmtpServer) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_server.port) as client:
        client.sendmail("from@example.test", ["to@example.test"], "Subject: Code\r\n\r\n123456\r\n")
    delivery = smtp_server.wait_for("to@example.test")
    assert delivery.message["subject"] == "Code"
    assert delivery.text.strip() == "123456"


def test_smtp_can_refuse(smtp_server: SmtpServer) -> None:
    smtp_server.refuse("451 try later")
    with smtplib.SMTP("127.0.0.1", smtp_server.port) as client, pytest.raises(smtplib.SMTPDataError, match="try later"):
        client.sendmail("from@example.test", ["to@example.test"], "Subject: Code\r\n\r\n123456\r\n")
    assert smtp_server.deliveries == []


def test_browser_shows_a_page(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content("<h1>Doorward</h1>")
    assert page.get_by_role("heading").inner_text() == "Doorward"
    page.close()


def test_connection_to_another_machine_fails() -> None:
    with socket.socket() as client, pytest.raises(OutsideNetwork):
        client.connect(("192.0.2.1", 80))


def test_datagram_to_another_machine_fails() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(OutsideNetwork):
        client.sendto(b"", ("192.0.2.1", 53))


def test_looking_up_a_name_fails() -> None:
    with pytest.raises(OutsideNetwork):
        socket.getaddrinfo("example.com", 443)


def test_killed_run_leaves_no_postgresql_behind(tmp_path: Path) -> None:
    """A run of pytest that is killed mid-test, and what it started is gone a moment later."""
    story = tmp_path / "test_story.py"
    story.write_text(
        "import pathlib, signal\n"
        "from tests.servers.run import shared_directory\n"
        "def test_story(postgres_url):\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'partial').write_text(str(shared_directory()))\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'partial').rename(pathlib.Path({str(tmp_path)!r}, 'directory'))\n"
        "    signal.pause()\n",
        "utf-8",
    )
    arguments = ["-c", str(Path("pyproject.toml").resolve()), "-p", "tests.conftest", "-n0", "-q", str(story)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "directory").exists():
        assert run.poll() is None, "the inner run ended by itself"
        assert time.monotonic() < deadline, "the inner run did not start"
        time.sleep(0.02)
    directory = Path((tmp_path / "directory").read_text("utf-8"))
    postmaster = psutil.Process(int((directory / "postgres/data/postmaster.pid").read_text("ascii").splitlines()[0]))
    run.send_signal(signal.SIGKILL)
    run.wait()
    postmaster.wait(timeout=30)
    while directory.exists():
        assert time.monotonic() < deadline, "the directory stayed"
        time.sleep(0.02)
