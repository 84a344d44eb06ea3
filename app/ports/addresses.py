"""Which addresses an outgoing request may reach: the public internet, and loopback where a developer asked for it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

#: Host and port to every address of the host, as text. Raises OSError.
Resolve = Callable[[str, int], Sequence[str]]

# Global unicast (RFC 4291). Outside lie loopback, link-local, unique local, multicast, mapped and translated addresses.
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")

# What `ipaddress` calls global, or called global in a Python still in use, and what must not be reached all the same.
_ALSO_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT: often a provider's or a cluster's inside
        "168.63.129.16/32",  # Azure's host agent, metadata included
        "192.0.0.0/24",  # IETF protocol assignments
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",  # AS112
        "2001::/23",  # Teredo, ORCHID and other assignments: they carry other addresses inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Every address the operating system knows for `host`, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def may_reach(text: str, *, loopback: bool) -> bool:
    """Whether a request may go to this address; `loopback` also opens 127.0.0.0/8 and ::1, and nothing else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is None:
            return _may_reach_ipv6(address, loopback=loopback)
        address = address.ipv4_mapped
    if address.is_loopback:
        return loopback
    return address.is_global and not address.is_multicast and not address.is_reserved and not _listed(address)


def is_loopback(text: str) -> bool:
    """Whether an address that may be reached is this machine's own."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _may_reach_ipv6(address: ipaddress.IPv6Address, *, loopback: bool) -> bool:
    if address.is_loopback:
        return loopback
    return address in _IPV6_PUBLIC and not _listed(address)


def _listed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _ALSO_REFUSED)
