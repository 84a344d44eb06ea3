"""A DNS server on loopback whose zone the test writes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from dnslib import CNAME, NS, QTYPE, RCODE, RR, TXT, A, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Question:
    """One question that reached the server."""

    name: str
    type: str
    transport: str


@dataclass
class Zone(BaseResolver):  # type: ignore[misc]  # dnslib carries no types
    """What the server answers: NXDOMAIN for an unknown name, nothing for a known one without the type asked for."""

    records: list[RR] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    questions: list[Question] = field(default_factory=list)

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        name = str(request.q.qname).lower()
        kind = QTYPE[request.q.qtype]
        self.questions.append(Question(name.rstrip("."), kind, getattr(handler, "protocol", "")))
        if name in self.silent:
            raise Silence
        reply = request.reply()
        if name in self.failing:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        known = [record for record in self.records if str(record.rname).lower() == name]
        for record in known:
            if QTYPE[record.rtype] in {kind, "CNAME"} or kind == "ANY":
                reply.add_answer(record)
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


class Silence(DNSError):  # type: ignore[misc]  # dnslib carries no types
    """The question is to stay without an answer; dnslib's handler takes this for a question it cannot read."""


class Quiet(DNSLogger):  # type: ignore[misc]  # dnslib carries no types
    """Prints nothing."""

    def __init__(self) -> None:
        super().__init__(log="-recv,-send,-request,-reply,-truncated,-error,-data", logf=lambda _line: None)


@dataclass
class DnsServer:
    """Answers on UDP and TCP at the same port; `address` is what DOORWARD_DNS_RESOLVERS takes."""

    port: int
    zone: Zone

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def questions(self) -> list[Question]:
        return self.zone.questions

    def set_txt(self, name: str, *values: str, ttl: int = 60) -> None:
        """Replace the TXT records of a name; without a value the name exists and has none."""
        self.remove(name)
        for value in values:
            # A character string holds at most 255 octets; a longer text is several in one record.
            parts = [value[start : start + 255] for start in range(0, len(value), 255)] or [""]
            self.zone.records.append(RR(name, QTYPE.TXT, rdata=TXT(parts), ttl=ttl))
        if not values:
            self.zone.records.append(RR(name, QTYPE.A, rdata=A(HOST), ttl=ttl))

    def set_cname(self, name: str, target: str) -> None:
        self.remove(name)
        self.zone.records.append(RR(name, QTYPE.CNAME, rdata=CNAME(target), ttl=60))

    def set_ns(self, name: str, *servers: str) -> None:
        self.zone.records.extend(RR(name, QTYPE.NS, rdata=NS(server), ttl=60) for server in servers)

    def set_a(self, name: str, *addresses: str) -> None:
        self.zone.records.extend(RR(name, QTYPE.A, rdata=A(address), ttl=60) for address in addresses)

    def remove(self, name: str) -> None:
        self.zone.records = [record for record in self.zone.records if str(record.rname).lower() != absolute(name)]

    def fail(self, name: str) -> None:
        """Answer SERVFAIL for a name."""
        self.zone.failing.add(absolute(name))

    def stay_silent(self, name: str) -> None:
        """Do not answer for a name, so that the one who asks runs into its time limit."""
        self.zone.silent.add(absolute(name))

    def clear(self) -> None:
        self.zone.records.clear()
        self.zone.failing.clear()
        self.zone.silent.clear()
        self.zone.questions.clear()


def absolute(name: str) -> str:
    """Return the name as it stands in a question."""
    return name.lower().rstrip(".") + "."


def open_pair(zone: Zone) -> tuple[DNSServer, DNSServer]:
    """Open UDP on a free port and TCP on the same one; try again when another program has that one."""
    for _ in range(20):
        udp = DNSServer(zone, address=HOST, port=0, logger=Quiet())
        try:
            return udp, DNSServer(zone, address=HOST, port=udp.server.server_address[1], tcp=True, logger=Quiet())
        except OSError:
            udp.server.server_close()
    pytest.fail("no port on loopback is free for both UDP and TCP")


@pytest.fixture(scope="session")
def dns_process() -> Iterator[DnsServer]:
    """Run the server for this process of pytest; tests take `dns_server`, which starts empty."""
    zone = Zone()
    pair = open_pair(zone)
    threads = []
    for server in pair:
        server.server.daemon_threads = True
        threads.append(threading.Thread(target=server.server.serve_forever, args=(0.02,), daemon=True))
        threads[-1].start()
    yield DnsServer(pair[0].server.server_address[1], zone)
    for server, thread in zip(pair, threads, strict=True):
        server.stop()
        thread.join()
        server.server.server_close()


@pytest.fixture
def dns_server(dns_process: DnsServer) -> DnsServer:
    """Return the DNS server with an empty zone."""
    dns_process.clear()
    return dns_process
