"""Metadata: an identity provider's read with line and cause of what is wrong, and our own written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from lxml import etree

from app.rules.certificates import Certificate
from app.rules.connections import OwnKey
from app.rules.errors import InvalidInputError
from app.rules.following import Published
from saml.certificates import MOST_CERTIFICATES, BadCertificateError, read_certificate
from saml.documents import (
    DS,
    HTTP_POST,
    HTTP_REDIRECT,
    MD,
    PROTOCOL,
    DoctypeError,
    Element,
    NotXmlError,
    children,
    descend,
    parse,
    printable,
    read_duration,
    read_time,
    text,
)
from saml.encryption import ENCRYPT_WITH
from saml.settings import ServiceProvider

LONGEST_METADATA = 1024 * 1024
LONGEST_URL = 2048
_LONGEST_ENTITY_ID = 1024
_ENTITY = f"{MD}EntityDescriptor"


def read_metadata(document: bytes, *, field: str, now: datetime) -> Published:
    """The one identity provider in a metadata document. Raises InvalidInputError for `field`, with line and cause.

    A signature on the document is not looked at: whoever pastes it, or names the https URL it is fetched from, vouches
    for it.
    """
    entity, idp = _identity_provider(_parse(document, field=field), field=field)
    valid_until = _valid_until(idp, field=field, now=now)
    entity_id = entity.get("entityID", "").strip()
    if fault := entity_id_fault(entity_id):
        raise _fault(f"the entityID {fault}", entity, field)
    slo_url, slo_response_url = _slo_urls(idp)
    return Published(
        entity_id,
        _sso_url(idp, field=field),
        _signing_certificates(idp, field=field),
        cache_for=_cache_for(idp),
        valid_until=valid_until,
        slo_url=slo_url,
        slo_response_url=slo_response_url,
    )


def _parse(document: bytes, *, field: str) -> Element:
    if len(document) > LONGEST_METADATA:
        raise InvalidInputError(f"The metadata is larger than {LONGEST_METADATA // 1024} kB.", field=field)
    try:
        return parse(document, keep_comments=False)
    except NotXmlError as error:
        raise InvalidInputError(f"The metadata is not XML: {error}.", field=field) from error
    except DoctypeError as error:
        raise InvalidInputError("The metadata declares a DOCTYPE, which is not accepted.", field=field) from error


_NONE = (
    "this is not the metadata of an identity provider: there is no IDPSSODescriptor for SAML 2.0. Doorward's own has "
    "none either; take the one that the identity provider shows"
)


def _identity_provider(root: Element, *, field: str) -> tuple[Element, Element]:
    """The one EntityDescriptor and the one IDPSSODescriptor in it that speaks SAML 2.0."""
    entities = list(root.iter(_ENTITY))
    if root.tag not in (_ENTITY, f"{MD}EntitiesDescriptor") or not entities:
        raise _fault("this is not SAML metadata: there is no EntityDescriptor", root, field)
    if len(entities) > 1:
        cause = f"this is the second of {len(entities)} EntityDescriptors; give the metadata of one identity provider"
        raise _fault(cause, entities[1], field)
    roles = children(entities[0], f"{MD}IDPSSODescriptor")
    speaking = [role for role in roles if PROTOCOL in role.get("protocolSupportEnumeration", "").split()]
    if len(speaking) != 1:
        cause = f"there are {len(speaking)} IDPSSODescriptors for SAML 2.0 and there must be one" if speaking else _NONE
        raise _fault(cause, entities[0], field)
    return entities[0], speaking[0]


def _valid_until(idp: Element, *, field: str, now: datetime) -> datetime | None:
    """The earliest end that the role, its entity or what is around it names, None where none does; it lies ahead."""
    ends = list[datetime]()
    for element in (idp, *idp.iterancestors()):
        until = element.get("validUntil")
        if until is None:
            continue
        try:
            ends.append(read_time(until))
        except ValueError as error:
            raise _fault(f"validUntil={until[:40]} is not a time", element, field) from error
        if ends[-1] <= now:
            raise _fault(f"the metadata was valid until {until[:40]}; download it again", element, field)
    return min(ends, default=None)


def _cache_for(idp: Element) -> timedelta | None:
    """The shortest cacheDuration; one that cannot be read says nothing, because it only asks to be looked at again."""
    given = (element.get("cacheDuration", "") for element in (idp, *idp.iterancestors()))
    return min((duration for text in given if (duration := read_duration(text)) is not None), default=None)


def _sso_url(idp: Element, *, field: str) -> str:
    """The first single sign-on service with the HTTP-Redirect binding, the only one in which we send requests."""
    for service in children(idp, f"{MD}SingleSignOnService"):
        if service.get("Binding") != HTTP_REDIRECT:
            continue
        url = service.get("Location", "").strip()
        if fault := url_fault(url):
            raise _fault(f"the SingleSignOnService Location {fault}", service, field)
        return url
    raise _fault("there is no SingleSignOnService with the HTTP-Redirect binding", idp, field)


def _slo_urls(idp: Element) -> tuple[str | None, str | None]:
    """The first single logout service with the HTTP-Redirect binding: where requests go, and answers if elsewhere.

    One that cannot be used counts as none: people have to be able to sign in without it.
    """
    for service in children(idp, f"{MD}SingleLogoutService"):
        location, elsewhere = service.get("Location", "").strip(), service.get("ResponseLocation", "").strip()
        if service.get("Binding") == HTTP_REDIRECT and not url_fault(location):
            return location, elsewhere if elsewhere and not url_fault(elsewhere) else None
    return None, None


def entity_id_fault(entity_id: str) -> str | None:
    """What is wrong with an entity ID, as the end of a sentence; None when it is fine (SAML core 8.3.6)."""
    if entity_id and len(entity_id) <= _LONGEST_ENTITY_ID and entity_id.isascii() and entity_id.isprintable():
        return None
    return f"must be one line of 1 to {_LONGEST_ENTITY_ID} ASCII characters"


def url_fault(url: str) -> str | None:
    """What is wrong with a URL that browsers are to be sent to, as the end of a sentence; None when it is fine."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        return "is not a URL: it has characters that must be escaped, or too many"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        return "must begin with https://"
    if not host or "@" in parts.netloc or parts.fragment:
        return "must have a host and neither a user name nor a fragment"
    return None


def _is_loopback(host: str | None) -> bool:
    """A provider on this machine, in development and tests: what is sent there over http leaves no machine."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _signing_certificates(idp: Element, *, field: str) -> tuple[Certificate, ...]:
    found: dict[str, Certificate] = {}
    for element in _signing_keys(idp):
        try:
            certificate = read_certificate(text(element))
        except BadCertificateError as error:
            raise _fault(f"the certificate {error}", element, field) from error
        found[certificate.fingerprint] = certificate
    if not found or len(found) > MOST_CERTIFICATES:
        cause = f"there are {len(found)} certificates to verify signatures with (KeyDescriptor use=signing)"
        raise _fault(f"{cause} and there must be one to {MOST_CERTIFICATES}", idp, field)
    return tuple(found.values())


def _signing_keys(idp: Element) -> Iterator[Element]:
    for key in children(idp, f"{MD}KeyDescriptor"):
        if key.get("use", "signing") == "signing":
            yield from descend(key, f"{DS}KeyInfo", f"{DS}X509Data", f"{DS}X509Certificate")


def _fault(cause: str, element: Element, field: str) -> InvalidInputError:
    return InvalidInputError(f"Line {element.sourceline}: {printable(cause)}.", field=field)


def write_metadata(service_provider: ServiceProvider, *, keys: Sequence[OwnKey], signs_requests: bool) -> bytes:
    """Our own metadata for one connection: entity ID, ACS, logout, that assertions are wanted signed,
    and our certificates.

    Every one of `keys` (oldest first) may have signed, and the newest is to be encrypted for.
    """
    entity = etree.Element(_ENTITY, {"entityID": service_provider.entity_id}, nsmap={"md": MD[1:-1], "ds": DS[1:-1]})
    role = etree.SubElement(
        entity,
        f"{MD}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true" if signs_requests else "false",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": PROTOCOL,
        },
    )
    for key in keys:
        _add_key(role, "signing", key)
    for key in keys[-1:]:
        _add_key(role, "encryption", key)
    if keys:  # logouts are signed
        logout = {"Binding": HTTP_REDIRECT, "Location": service_provider.logout_url}
        etree.SubElement(role, f"{MD}SingleLogoutService", logout)
    etree.SubElement(
        role,
        f"{MD}AssertionConsumerService",
        {"Binding": HTTP_POST, "Location": service_provider.acs_url, "index": "0", "isDefault": "true"},
    )
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8")


def _add_key(role: Element, use: str, key: OwnKey) -> None:
    descriptor = etree.SubElement(role, f"{MD}KeyDescriptor", {"use": use})
    data = etree.SubElement(etree.SubElement(descriptor, f"{DS}KeyInfo"), f"{DS}X509Data")
    etree.SubElement(data, f"{DS}X509Certificate").text = key.certificate
    if use == "encryption":
        for algorithm in ENCRYPT_WITH:
            etree.SubElement(descriptor, f"{MD}EncryptionMethod", {"Algorithm": algorithm})
