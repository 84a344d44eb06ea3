"""The SAML half of the identity provider: metadata, requests that it understands, responses that it signs."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

import xmlsec
from lxml import etree

from demo.keys import KeyPair
from demo.people import Person

_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
_ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
_METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 (a name of SAML's)
_LIFETIME = timedelta(minutes=5)
_LONGEST_REQUEST = 20_000


class UnknownRequestError(Exception):
    """The provider has not been asked in a way that it answers; the message says why."""


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """The one relying party that this provider answers."""

    entity_id: str
    acs_url: str


def metadata(entity_id: str, sso_url: str, published: KeyPair) -> str:
    """What an administrator gives Doorward the address of (SAML metadata 2.4.3)."""
    return f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="{_METADATA}" xmlns:ds="{_SIGNATURE}" entityID="{escape(entity_id)}">
<md:IDPSSODescriptor protocolSupportEnumeration="{_PROTOCOL}">
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>
<ds:X509Certificate>{published.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:NameIDFormat>{_PERSISTENT}</md:NameIDFormat>
<md:SingleSignOnService Binding="{_REDIRECT}" Location="{escape(sso_url)}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


def read_request(encoded: str, known: ServiceProvider | None) -> str:
    """The ID of an AuthnRequest from the service provider that is known here. Raises UnknownRequestError."""
    try:
        document = zlib.decompressobj(-zlib.MAX_WBITS).decompress(base64.b64decode(encoded), _LONGEST_REQUEST)
        request = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    except (ValueError, zlib.error, etree.XMLSyntaxError) as error:
        raise UnknownRequestError("This is no SAML request.") from error
    issuer = request.findtext(f"{{{_ASSERTION}}}Issuer")
    if known is None or issuer != known.entity_id or request.get("AssertionConsumerServiceURL") != known.acs_url:
        raise UnknownRequestError("This request is not from the Doorward that this provider belongs to.")
    return request.get("ID", "")


def respond(person: Person, *, issuer: str, to: ServiceProvider, request_id: str, key: KeyPair) -> str:
    """The response that says who somebody is, its assertion signed, in base64 as the browser carries it; to nobody's
    request where `request_id` is "".
    """
    response = etree.fromstring(_response(person, issuer=issuer, to=to, request_id=request_id))
    assertion = response.find(f"{{{_ASSERTION}}}Assertion")
    assert assertion is not None
    _sign(assertion, key)
    return base64.b64encode(etree.tostring(response)).decode()


def _response(person: Person, *, issuer: str, to: ServiceProvider, request_id: str) -> str:
    moment = datetime.now(UTC)
    now, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (moment, moment + _LIFETIME))
    acs, audience, who = (escape(text) for text in (to.acs_url, to.entity_id, issuer))
    answered = f' InResponseTo="{escape(request_id)}"' if request_id else ""
    return f"""<p:Response xmlns:p="{_PROTOCOL}" xmlns:a="{_ASSERTION}" ID="_{secrets.token_hex(16)}" Version="2.0"
 IssueInstant="{now}" Destination="{acs}"{answered}><a:Issuer>{who}</a:Issuer>
<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>
<a:Assertion ID="_{secrets.token_hex(16)}" Version="2.0" IssueInstant="{now}"><a:Issuer>{who}</a:Issuer>
<a:Subject><a:NameID Format="{_PERSISTENT}">{escape(person.id)}</a:NameID>
<a:SubjectConfirmation Method="{_BEARER}"><a:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{acs}"
 {answered}/></a:SubjectConfirmation></a:Subject>
<a:Conditions NotBefore="{now}" NotOnOrAfter="{end}"><a:AudienceRestriction><a:Audience>{audience}</a:Audience>
</a:AudienceRestriction></a:Conditions>
<a:AuthnStatement AuthnInstant="{now}" SessionIndex="_{secrets.token_hex(16)}"><a:AuthnContext>
<a:AuthnContextClassRef>{_PASSWORD}</a:AuthnContextClassRef></a:AuthnContext></a:AuthnStatement>
<a:AttributeStatement>{_attribute("email", person.email)}{_attribute("firstName", person.first_name)}
{_attribute("lastName", person.last_name)}{_attribute("groups", *sorted(person.memberships))}</a:AttributeStatement>
</a:Assertion></p:Response>"""


def _attribute(name: str, *values: str) -> str:
    inner = "".join(f"<a:AttributeValue>{escape(value)}</a:AttributeValue>" for value in values)
    return f'<a:Attribute Name="{name}">{inner}</a:Attribute>'


def _sign(assertion: etree._Element, key: KeyPair) -> None:
    """An enveloped signature after the Issuer, where the schema wants it (SAML core 5.4)."""
    xmlsec.tree.add_ids(assertion, ["ID"])
    template = xmlsec.template.create(
        assertion, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256
    )
    assertion.insert(1, template)
    reference = xmlsec.template.add_reference(template, xmlsec.constants.TransformSha256, uri=f"#{assertion.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private, xmlsec.constants.KeyDataFormatPem, None)
    context.sign(template)
