"""Where the DNS of a domain is managed, told by the names of its name servers."""

from __future__ import annotations

from collections.abc import Iterable

from app.web.presentation.elements import Choice

#: How the names of a provider's servers end, or what stands in them.
_CONSOLES = (
    (".ns.cloudflare.com", Choice("https://dash.cloudflare.com/?to=/:account/:zone/dns", "Cloudflare")),
    (".awsdns-", Choice("https://console.aws.amazon.com/route53/v2/hostedzones", "Amazon Route 53")),
    (".azure-dns.", Choice("https://portal.azure.com/#browse/Microsoft.Network%2FdnsZones", "Azure DNS")),
    (".googledomains.com", Choice("https://console.cloud.google.com/net-services/dns/zones", "Google Cloud DNS")),
    (".domaincontrol.com", Choice("https://dcc.godaddy.com/control/portfolio", "GoDaddy")),
    (".registrar-servers.com", Choice("https://ap.www.namecheap.com/domains/list", "Namecheap")),
    (".digitalocean.com", Choice("https://cloud.digitalocean.com/networking/domains", "DigitalOcean")),
    (".hetzner.", Choice("https://dns.hetzner.com/", "Hetzner")),
    (".gandi.net", Choice("https://admin.gandi.net/domain", "Gandi")),
    (".ovh.net", Choice("https://www.ovh.com/manager/", "OVHcloud")),
    (".ui-dns.", Choice("https://my.ionos.com/domains", "IONOS")),
    (".dnsimple.", Choice("https://dnsimple.com/dashboard", "DNSimple")),
    (".nsone.net", Choice("https://my.nsone.net/", "NS1")),
    (".wixdns.net", Choice("https://manage.wix.com/account/domains", "Wix")),
    (".squarespacedns.com", Choice("https://account.squarespace.com/domains", "Squarespace")),
)


def console_of(name_servers: Iterable[str]) -> Choice | None:
    """The provider whose servers these are, and its console; None where nobody known is."""
    names = tuple(f"{name.lower()}." for name in name_servers)
    return next((console for mark, console in _CONSOLES if any(mark in f".{name}" for name in names)), None)
