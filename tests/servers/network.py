"""The network is closed: whatever a test process connects to is on this machine, or the attempt fails.

A hook of the interpreter sees every connection made through the socket module, in whichever thread or library; nothing
can be patched past it. The browser has a rule of its own (chromium.py); the identity providers only answer.
"""

import ipaddress
import os
import socket
import sys


class OutsideNetwork(RuntimeError):
    """A test tried to leave the machine. No OSError, so that code which handles a broken network does not hide it."""


def is_local(host: object) -> bool:
    """Whether a name or address cannot lead out of this machine."""
    # smtplib and others greet with the machine's own name and look it up for that.
    if host is None or host in {"", "localhost", b"localhost", os.uname().nodename}:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def is_literal(host: object) -> bool:
    """Whether this is an address already, so that looking it up asks nobody."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse connections and datagrams to other machines, and questions to the system's name servers."""
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        opened, address = arguments[0], arguments[1]
        if getattr(opened, "family", None) not in {socket.AF_INET, socket.AF_INET6}:
            return
        if isinstance(address, tuple) and not is_local(address[0]):
            raise OutsideNetwork(f"{event} to {address[0]}:{address[1]}: tests stay on this machine")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"}:
        host = arguments[0]
        if not is_local(host) and not is_literal(host):
            raise OutsideNetwork(f"look-up of {host!r}: tests stay on this machine")


def pytest_configure() -> None:
    """Close the network for the rest of this process: such a hook cannot be taken back, nor should it be."""
    sys.addaudithook(guard)
