"""TXT records, asked of each name server of the zone by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dnslib import QTYPE, RR, TXT
from dnslib.server import DNSServer

from app.ports.dns import ResolverDns
from tests.servers.dns import HOST, DnsServer, Quiet, Zone, absolute

RECORD = "doorward-domain-verification=abc"


@contextmanager
def name_server(address: str, *values: str, port: int, silent: bool = False) -> Iterator[Zone]:
    """A name server of acme.test at an address of its own, with these TXT records there."""
    zone = Zone(records=[RR("acme.test", QTYPE.TXT, rdata=TXT(value), ttl=60) for value in values])
    if silent:
        zone.silent.add(absolute("acme.test"))
    server = DNSServer(zone, address=address, port=port, logger=Quiet())
    server.start_thread()
    try:
        yield zone
    finally:
        server.stop()
        server.thread.join()
        server.server.server_close()


@pytest.fixture
def resolver(dns_server: DnsServer) -> ResolverDns:
    """A resolver that still remembers that there was no record, and knows the zone's two name servers."""
    dns_server.set_txt("acme.test", "v=spf1 -all")
    dns_server.set_ns("acme.test", "ns1.acme.test", "ns2.acme.test")
    dns_server.set_a("ns1.acme.test", "127.0.0.2")
    dns_server.set_a("ns2.acme.test", "127.0.0.3")
    return ResolverDns([(HOST, dns_server.port)], allow_loopback=True, port=dns_server.port)


def test_every_name_server_of_the_zone_is_asked_and_what_any_of_them_has_counts(
    resolver: ResolverDns, dns_server: DnsServer
) -> None:
    with name_server("127.0.0.2", RECORD, port=dns_server.port), name_server("127.0.0.3", "old", port=dns_server.port):
        found = resolver.txt("acme.test")

    assert set(found.values) == {RECORD, "old"}
    assert [(one.server, one.values) for one in found.servers] == [
        ("ns1.acme.test", (RECORD,)),
        ("ns2.acme.test", ("old",)),
    ]
    assert found.problem is None


def test_name_servers_of_a_zone_above_the_host_are_asked(resolver: ResolverDns, dns_server: DnsServer) -> None:
    dns_server.set_txt("mail.acme.test", "old")

    with name_server("127.0.0.2", port=dns_server.port), name_server("127.0.0.3", port=dns_server.port) as second:
        second.records.append(RR("mail.acme.test", QTYPE.TXT, rdata=TXT(RECORD), ttl=60))
        found = resolver.txt("mail.acme.test")

    assert found.values == (RECORD,)
    assert "does not exist" in str(found.servers[0].problem)
    assert found.problem is None


def test_name_that_none_of_them_has_is_said_not_to_exist(resolver: ResolverDns, dns_server: DnsServer) -> None:
    with name_server("127.0.0.2", port=dns_server.port), name_server("127.0.0.3", port=dns_server.port):
        found = resolver.txt("acme.test")

    assert (found.values, found.problem) == ((), "the name acme.test does not exist in DNS")


def test_where_no_name_server_can_be_asked_the_resolver_counts(resolver: ResolverDns) -> None:
    found = resolver.txt("acme.test")  # nobody listens at 127.0.0.2 and .3

    assert found.values == ("v=spf1 -all",)
    assert [one.problem is None for one in found.servers] == [False, False]


def test_name_server_that_stays_silent_keeps_the_others_from_nothing(
    resolver: ResolverDns, dns_server: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ports.dns._TIMEOUT_SECONDS", 0.2)

    with (
        name_server("127.0.0.2", port=dns_server.port, silent=True),
        name_server("127.0.0.3", RECORD, port=dns_server.port),
    ):
        found = resolver.txt("acme.test")

    assert found.values == (RECORD,)
    assert found.servers[0].problem == "it did not answer (Timeout)"


@pytest.mark.parametrize("address", ["127.0.0.2", "10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_name_servers_inside_are_never_asked(dns_server: DnsServer, address: str) -> None:
    dns_server.set_txt("acme.test", RECORD)
    dns_server.set_ns("acme.test", "ns1.acme.test")
    dns_server.set_a("ns1.acme.test", address)

    found = ResolverDns([(HOST, dns_server.port)], port=dns_server.port).txt("acme.test")

    assert (found.values, found.servers) == ((RECORD,), ())


def test_resolver_that_does_not_answer_is_passed_over_for_the_next(dns_server: DnsServer) -> None:
    dns_server.set_txt("acme.test", RECORD)

    found = ResolverDns([("127.0.0.9", dns_server.port), (HOST, dns_server.port)]).txt("acme.test")

    assert found.values == (RECORD,)


def test_without_an_answer_the_problem_names_the_server(dns_server: DnsServer) -> None:
    found = ResolverDns([("127.0.0.9", dns_server.port)]).txt("acme.test")

    assert str(found.problem).startswith(f"the name server 127.0.0.9:{dns_server.port} did not answer")
