"""DNS: the TXT records at exactly one host, asked of its zone's own name servers, each reported by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class TxtAnswer:
    """What one look-up found: `values` at the host itself; `problem` is a sentence when nothing could be learned."""

    host: str
    values: tuple[str, ...] = ()
    problem: str | None = None
    server: str = ""


class Dns(Protocol):
    def txt(self, host: str) -> TxtAnswer:
        """TXT records at `host` itself (a CNAME is not followed). Never raises: a failure is a `problem`."""
        ...


class ResolverDns:
    """Asks the configured resolvers (`(address, port)` pairs), or the system's when there are none."""

    def __init__(self, resolvers: Sequence[tuple[str, int]] = ()) -> None:
        self._resolvers = tuple(resolvers)

    def txt(self, host: str) -> TxtAnswer:
        problem = "no name server is configured"
        for address, port in self._resolvers or _system_resolvers():
            server = f"{address}:{port}"
            try:
                reply = _ask(host, address=address, port=port)
            except (dns.exception.DNSException, OSError, EOFError) as error:
                problem = f"the name server {server} did not answer ({type(error).__name__})"
                continue
            return _read(reply, host=host, server=server)
        return TxtAnswer(host=host, problem=problem)


def _ask(host: str, *, address: str, port: int) -> dns.message.Message:
    query = dns.message.make_query(host, dns.rdatatype.TXT)
    reply, _ = dns.query.udp_with_fallback(query, address, port=port, timeout=_TIMEOUT_SECONDS)
    return reply


def _read(reply: dns.message.Message, *, host: str, server: str) -> TxtAnswer:
    if reply.rcode() == dns.rcode.NXDOMAIN:
        return TxtAnswer(host=host, server=server, problem=f"the name {host} does not exist in DNS")
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
