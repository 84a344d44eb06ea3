"""DNS: the TXT records at exactly one host, asked of its zone's own name servers, each reported by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Protocol

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from app.ports.addresses import may_reach

_TIMEOUT_SECONDS = 3.0
_PORT = 53
_MOST_SERVERS = 8  # of one zone; nobody needs more to know where a record has come to


@dataclass(frozen=True, slots=True)
class TxtAnswer:
    """What one look-up found: `values` at the host itself; `problem` is a sentence when nothing could be learned, and
    `no_such_name` whether that is the problem.

    `server` is the name server that says so. `servers` are the answers of each name server of the zone, as far as they
    could be asked; `values` is then whatever any of them has.
    """

    host: str
    values: tuple[str, ...] = ()
    problem: str | None = None
    no_such_name: bool = False
    server: str = ""
    servers: tuple[TxtAnswer, ...] = ()


class Dns(Protocol):
    def txt(self, host: str) -> TxtAnswer:
        """TXT records at `host` itself (a CNAME is not followed). Never raises: a failure is a `problem`."""
        ...


class ResolverDns:
    """Asks the configured resolvers (`(address, port)` pairs), or the system's when there are none, which name servers
    the host's zone has, and then those: what a resolver remembers may be hours old.

    Where they cannot be asked, what the resolver says counts. Whoever owns a zone says where its servers are, so those
    inside this network are not asked, and those of this machine only with `allow_loopback`.
    """

    def __init__(
        self, resolvers: Sequence[tuple[str, int]] = (), *, allow_loopback: bool = False, port: int = _PORT
    ) -> None:
        self._resolvers = tuple(resolvers)
        self._allow_loopback = allow_loopback
        self._port = port

    def txt(self, host: str) -> TxtAnswer:
        found = self._resolved(host)
        if not found.server:
            return found
        servers = tuple(self._name_servers(host))
        if not servers:
            return found
        with ThreadPoolExecutor(max_workers=len(servers)) as pool:
            answers = tuple(pool.map(partial(_asked_of, host, port=self._port), servers))
        told = [answer for answer in answers if answer.problem is None or answer.no_such_name]
        if not told:
            return replace(found, servers=answers)
        values = tuple(dict.fromkeys(chain.from_iterable(answer.values for answer in told)))
        problem = None if any(answer.problem is None for answer in told) else told[0].problem
        return TxtAnswer(host=host, values=values, problem=problem, server=told[0].server, servers=answers)

    def _resolved(self, host: str) -> TxtAnswer:
        """What the first resolver that answers says."""
        problem = "no name server is configured"
        for address, port in self._resolvers or _system_resolvers():
            server = f"{address}:{port}"
            try:
                reply = _ask(host, dns.rdatatype.TXT, address=address, port=port)
            except _UNANSWERED as error:
                problem = f"the name server {server} did not answer ({type(error).__name__})"
                continue
            return _read(reply, host=host, server=server)
        return TxtAnswer(host=host, problem=problem)

    def _name_servers(self, host: str) -> Iterator[tuple[str, str]]:
        """Name and address of those of the zone that the host is in."""
        labels = host.split(".")
        zones = (".".join(labels[start:]) for start in range(len(labels) - 1))
        names = next(filter(None, (self._records(zone, dns.rdatatype.NS) for zone in zones)), [])
        for name in sorted(names)[:_MOST_SERVERS]:
            address = next(filter(self._may_be_asked, self._records(name, dns.rdatatype.A)), None)
            if address is not None:
                yield name, address

    def _records(self, name: str, kind: dns.rdatatype.RdataType) -> list[str]:
        """The records of this kind at a name as text, without the dot at the end; none where nobody says."""
        for address, port in self._resolvers or _system_resolvers():
            try:
                reply = _ask(name, kind, address=address, port=port)
            except _UNANSWERED:
                continue
            wanted = dns.name.from_text(name)
            found = (rrset for rrset in reply.answer if rrset.rdtype == kind and rrset.name == wanted)
            return [record.to_text().rstrip(".").lower() for rrset in found for record in rrset]
        return []

    def _may_be_asked(self, address: str) -> bool:
        return may_reach(address, loopback=self._allow_loopback)


_UNANSWERED = (dns.exception.DNSException, OSError, EOFError)


def _asked_of(host: str, server: tuple[str, str], *, port: int) -> TxtAnswer:
    name, address = server
    try:
        reply = _ask(host, dns.rdatatype.TXT, address=address, port=port)
    except _UNANSWERED as error:
        return TxtAnswer(host=host, server=name, problem=f"it did not answer ({type(error).__name__})")
    return _read(reply, host=host, server=name)


def _ask(host: str, kind: dns.rdatatype.RdataType, *, address: str, port: int) -> dns.message.Message:
    query = dns.message.make_query(host, kind)
    reply, _ = dns.query.udp_with_fallback(query, address, port=port, timeout=_TIMEOUT_SECONDS)
    return reply


def _read(reply: dns.message.Message, *, host: str, server: str) -> TxtAnswer:
    if reply.rcode() == dns.rcode.NXDOMAIN:
        return TxtAnswer(host=host, server=server, problem=f"the name {host} does not exist in DNS", no_such_name=True)
    if reply.rcode() != dns.rcode.NOERROR:
        return TxtAnswer(
            host=host, server=server, problem=f"the name server answered {dns.rcode.to_text(reply.rcode())}"
        )
    name = dns.name.from_text(host)
    values = [
        b"".join(record.strings).decode("utf-8", "replace")
        for rrset in reply.answer
        if rrset.rdtype == dns.rdatatype.TXT and rrset.name == name  # what a CNAME points to does not count
        for record in rrset
    ]
    return TxtAnswer(host=host, server=server, values=tuple(values))


def _system_resolvers() -> tuple[tuple[str, int], ...]:
    try:
        resolver = dns.resolver.Resolver()
    except dns.exception.DNSException:
        return ()
    return tuple((str(address), 53) for address in resolver.nameservers)
