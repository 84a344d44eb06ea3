"""A name server on loopback that knows the company's TXT records and nothing else."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from demo.serving import serving

_LOOPBACK = "127.0.0.1"
_TTL_SECONDS = 60


@dataclass
class NameServer:
    """Answers over UDP: its few records fit into a datagram. `address` is what DOORWARD_DNS_RESOLVERS takes."""

    address: str
    records: dict[dns.name.Name, str] = field(default_factory=dict)

    def publish(self, host: str, text: str) -> None:
        """Put one TXT record at a host, in the place of the one there."""
        self.records[dns.name.from_text(host)] = text

    def answer(self, question: bytes) -> bytes | None:
        """The answer to a datagram; None for one that is no question."""
        try:
            query = dns.message.from_wire(question)
            reply = dns.message.make_response(query)
        except dns.exception.DNSException:
            return None
        for asked in query.question:
            text = self.records.get(asked.name)
            if text is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            elif asked.rdtype == dns.rdatatype.TXT:
                reply.answer.append(dns.rrset.from_text(asked.name, _TTL_SECONDS, "IN", "TXT", f'"{text}"'))
        return reply.to_wire()


@contextmanager
def answering() -> Iterator[NameServer]:
    """A name server on a free port."""
    server = socketserver.ThreadingUDPServer((_LOOPBACK, 0), socketserver.BaseRequestHandler)
    names = NameServer(f"{_LOOPBACK}:{server.server_address[1]}")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            datagram, socket = self.request
            answer = names.answer(datagram)
            if answer is not None:
                socket.sendto(answer, self.client_address)

    server.RequestHandlerClass = Handler
    with serving(server):
        yield names
