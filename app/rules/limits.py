"""How often something may be tried from one place, or put on record: a window of time, and how many fit into it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_V6_PREFIX = 64  # what one customer of a provider has at least


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries of this kind within `window`, which begins with the first."""

    name: str
    most: int
    window: timedelta


#: A whole office may come in through one address on a Monday morning, and each asks for one code.
CODES_ASKED_FOR = Limit("codes_asked_for", 600, timedelta(minutes=15))
#: Few of an office mistype: this many wrong codes are somebody who guesses, at many doors at once.
WRONG_CODES = Limit("wrong_codes", 100, timedelta(minutes=15))
#: A setup link is opened by one person a few times in its week; each time makes a session.
LINKS_OPENED = Limit("links_opened", 60, timedelta(minutes=15))
#: Anybody can begin a sign-in and leave it at the identity provider, so that more of these on record say no more.
GIVEN_UP = Limit("given_up", 100, timedelta(hours=1))
#: Whoever has one answer of a provider can post it for ever, so that more of these on record say no more.
UNSOLICITED = Limit("unsolicited", 100, timedelta(hours=1))

#: Anybody can send a forged logout, so that more of these on record say no more.
LOGOUTS_REJECTED = Limit("logouts_rejected", 100, timedelta(hours=1))


def network_of(address: str) -> str:
    """Whose tries are counted together: an IPv4 address, or the /64 of an IPv6 one; what is no address by itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed in _NAT64:
        return str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF))
    return str(ipaddress.ip_network((parsed, _V6_PREFIX), strict=False))


def wait_for(limit: Limit, *, count: int, began_at: datetime, now: datetime) -> timedelta | None:
    """How long until the next try, after `count` of them since `began_at`; None: now."""
    ends = began_at + limit.window
    return ends - now if count >= limit.most and now < ends else None
