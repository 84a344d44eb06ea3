"""Email addresses and hosts: their one spelling, the DNS challenge, and when a host may be claimed or is given up."""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.decisions import Allowed, Code, Decision, Refused
from app.rules.errors import InvalidInputError

RECORD_PREFIX = "doorward-domain-verification="
FAILED_AFTER = timedelta(days=30)
RECHECK_VERIFIED_EVERY = timedelta(hours=12)
#: A record that is missed is told of when the next check misses it too: name servers have bad hours.
MISSED_LONG_AFTER = RECHECK_VERIFIED_EVERY
_FIRST_CHECK_AFTER = timedelta(minutes=1)
_SLOWEST_CHECK = timedelta(hours=6)
_MAX_ADDRESS = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
_MAX_LOCAL = 64
_ATEXT = "!#$%&'*+-/=?^_`{|}~."
_MAX_HOST = 253

_PROVIDERS = """
126.com 163.com aol.com att.net bluewin.ch btinternet.com comcast.net cox.net duck.com earthlink.net email.com
fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
hotmail.co.uk hotmail.com hotmail.de hotmail.fr hotmail.it icloud.com inbox.com laposte.net libero.it live.co.uk
live.com live.de live.fr live.nl mac.com mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com outlook.de
outlook.fr outlook.it pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rediffmail.com rocketmail.com
sbcglobal.net sfr.fr shaw.ca sina.com t-online.de telus.net tutanota.com tutanota.de tuta.io verizon.net virgilio.it
wanadoo.fr web.de yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr
yahoo.it yandex.com yandex.ru ymail.com zoho.com
"""
#: Hosts where everybody may have an address: nobody owns them, so nobody may claim them.
PUBLIC_MAIL_PROVIDERS = frozenset(_PROVIDERS.split())


class DomainState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


def normalize_host(text: str, *, field: str = "host") -> str:
    """The one spelling of a host name: lower-case A-labels (RFC 5890), no trailing dot, at least two labels.

    Raises InvalidInputError for addresses, wildcards, single labels and anything DNS could not hold.
    """
    host = "" if len(text) > _MAX_HOST else unicodedata.normalize("NFKC", text).strip().rstrip(".").lower()
    try:
        ascii_host = host.encode("idna").decode("ascii") if 0 < len(host) <= _MAX_HOST else ""
    except UnicodeError:
        ascii_host = ""
    labels = ascii_host.split(".")
    well_formed = len(ascii_host) <= _MAX_HOST and len(labels) >= 2 and all(_is_label(label) for label in labels)
    if not well_formed or _is_address(ascii_host):
        raise InvalidInputError("That is not a domain name such as example.com.", code="invalid_host", field=field)
    return ascii_host


def normalize_address(text: str, *, field: str = "email") -> str:
    """The one spelling of an email address: NFC, lower-case, host as `normalize_host`. Raises InvalidInputError."""
    address = "" if len(text) > _MAX_ADDRESS else unicodedata.normalize("NFC", text).strip()
    local, at, host = address.rpartition("@")
    if not at or not _is_local_part(local) or len(address) > _MAX_ADDRESS:
        raise InvalidInputError("That is not an email address.", code="invalid_email", field=field)
    try:
        return f"{local.lower()}@{normalize_host(host)}"
    except InvalidInputError as error:
        raise InvalidInputError("That is not an email address.", code="invalid_email", field=field) from error


def host_of(address: str) -> str:
    """The host of a normalised address."""
    return address.rpartition("@")[2]


def looks_alike(host: str) -> bool:
    """Whether a label mixes scripts, as look-alikes of other names do (UTS 39: single-script restriction)."""
    return any(len(_scripts(_readable(label))) > 1 for label in host.split("."))


def record_value(token: str) -> str:
    """What the TXT record at the host must say."""
    return RECORD_PREFIX + token


def judge_claim(
    host: str, *, is_first: bool, own_host: str | None, is_public_suffix: bool, already_claimed: bool
) -> Decision:
    """Whether an organization may claim `host`. `own_host` is the acting admin's proven email host, None for the
    operator.
    """
    if host in PUBLIC_MAIL_PROVIDERS:
        return Refused(Code.DOMAIN_PUBLIC_PROVIDER, f"{host} is a public mail provider; no organization owns it.")
    if is_public_suffix:
        return Refused(Code.DOMAIN_PUBLIC_SUFFIX, f"{host} is a public suffix; claim a name below it.")
    if looks_alike(host):
        return Refused(Code.DOMAIN_LOOKALIKE, f"{host} mixes scripts and could be mistaken for another name.")
    if already_claimed:
        return Refused(Code.DOMAIN_CLAIMED, f"{host} is already on the list.")
    if is_first and own_host is not None and host != own_host:
        return Refused(
            Code.DOMAIN_NOT_YOUR_OWN,
            f"The first domain must be the one of your own email address, {own_host}.",
            fix=f"Add {own_host} first; other domains can follow.",
        )
    return Allowed()


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What follows from one look-up: the new state, when to look again (None: never), and since when the record is
    gone.
    """

    state: DomainState
    next_check_at: datetime | None
    missing_since: datetime | None = None


def after_check(
    state: DomainState,
    *,
    found: bool,
    vouched: bool = False,
    checks: int,
    created_at: datetime,
    missing_since: datetime | None,
    now: datetime,
) -> CheckOutcome:
    """What a look-up changes. A verified domain never loses `verified` by itself: a missing record is only
    remembered, and of one that an operator vouched for (`vouched`) there never was a record to miss.
    """
    if found:
        return CheckOutcome(DomainState.VERIFIED, now + RECHECK_VERIFIED_EVERY)
    if state is DomainState.VERIFIED and vouched:
        return CheckOutcome(DomainState.VERIFIED, None)
    if state is DomainState.VERIFIED:
        return CheckOutcome(DomainState.VERIFIED, now + RECHECK_VERIFIED_EVERY, missing_since or now)
    if now - created_at >= FAILED_AFTER:
        return CheckOutcome(DomainState.FAILED, None)
    return CheckOutcome(DomainState.PENDING, now + min(_FIRST_CHECK_AFTER * 2 ** min(checks, 12), _SLOWEST_CHECK))


def is_missed_long(missing_since: datetime, *, looked_before: datetime | None, now: datetime) -> bool:
    """Whether a record is missed for long as of this look-up, and was not as of the one before: that is so once for
    each time it vanishes.
    """
    long = missing_since + MISSED_LONG_AFTER
    return looked_before is not None and looked_before < long <= now


def _is_local_part(local: str) -> bool:
    """An RFC 5322 dot-atom, or beyond ASCII (RFC 6531) anything printable; no encoded word, which mail would decode."""
    odd = any(
        not (character.isalnum() or character in _ATEXT) if character.isascii() else not character.isprintable()
        for character in local
    )
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return 0 < len(local) <= _MAX_LOCAL and not odd and not dots and "=?" not in local


def _is_label(label: str) -> bool:
    allowed = all(character.isalnum() or character == "-" for character in label)
    return 0 < len(label) <= 63 and allowed and label.isascii() and label[0] != "-" and label[-1] != "-"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()
    return True


def _readable(label: str) -> str:
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


def _scripts(label: str) -> frozenset[str]:
    letters = (character for character in label if character.isalpha())
    return frozenset(unicodedata.name(character, "UNKNOWN").split(" ")[0] for character in letters)
