"""Single logout (SAML core 3.7, HTTP-Redirect): our requests and answers, and what theirs must be to be believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from app.rules.identity import ProviderSession, Rejection
from app.rules.logout import EndedThere, SignOut, SignOutOutcome
from saml.documents import SAML, SAMLP, DoctypeError, Element, NotXmlError, children, descend, parse, read_time, text
from saml.library import is_valid_message
from saml.logout_rejections import Name, reject
from saml.redirect_binding import Query, verified_xml
from saml.settings import ServiceProvider
from saml.signatures import ORDINARY_ID

#: How old a logout may be: it is made when it is sent, which is now.
MAX_AGE = timedelta(minutes=5)
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
_SUCCESS, _PARTIAL = f"{_STATUS}Success", f"{_STATUS}PartialLogout"
_BY_USER = "urn:oasis:names:tc:SAML:2.0:logout:user"
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
#: What a NameID may have beside its value. SPProvidedID is for name management, which is not spoken here.
NAME_ID_ATTRIBUTES = ("Format", "NameQualifier", "SPNameQualifier")


@dataclass(frozen=True, slots=True)
class ExpectedLogout:
    """What a logout is compared with. `certificates` are base64 of DER; `skew` is how far the provider's clock may be
    from `now`, either way.
    """

    service_provider: ServiceProvider
    issuer: str
    certificates: tuple[str, ...]
    now: datetime
    skew: timedelta

    def clock(self) -> str:
        """Our clock for the administrator."""
        return f"within {self.skew.total_seconds():.0f} s of {self.now.isoformat(timespec='seconds')}"


def logout_request(slo_url: str, session: ProviderSession, sign_out: SignOut, *, issuer: str) -> Element:
    """A LogoutRequest for this session, with its NameID as it came."""
    request = _message("LogoutRequest", sign_out.request_id, slo_url, at=sign_out.at, issuer=issuer)
    request.set("Reason", _BY_USER)
    etree.SubElement(request, f"{SAML}NameID", dict(session.hint)).text = session.subject
    if session.index is not None:
        etree.SubElement(request, f"{SAMLP}SessionIndex").text = session.index
    return request


def logout_response(url: str, told: EndedThere, *, at: datetime, issuer: str) -> Element:
    """The answer to a LogoutRequest that was believed. Whoever had no session here is signed out, too."""
    id_ = "_" + hashlib.sha256(f"{issuer} answers {told.replay_key}".encode()).hexdigest()
    response = _message("LogoutResponse", id_, url, at=at, issuer=issuer)
    response.set("InResponseTo", told.request_id)
    status = etree.SubElement(response, f"{SAMLP}Status")
    etree.SubElement(status, f"{SAMLP}StatusCode", {"Value": _SUCCESS})
    return response


def _message(name: str, id_: str, destination: str, *, at: datetime, issuer: str) -> Element:
    message = etree.Element(
        f"{SAMLP}{name}",
        {
            "ID": id_,
            "Version": "2.0",
            "IssueInstant": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": destination,
        },
        nsmap={"samlp": SAMLP[1:-1], "saml": SAML[1:-1]},
    )
    etree.SubElement(message, f"{SAML}Issuer").text = issuer
    return message


def verify_request(query: Query, expected: ExpectedLogout) -> EndedThere | Rejection:
    """Whose sessions have ended at the identity provider, or why that is not believed."""
    request = _open(query, "LogoutRequest", expected)
    if isinstance(request, Rejection):
        return request
    id_ = request.get("ID", "")
    if not ORDINARY_ID.fullmatch(id_):  # it will be remembered against replay
        return reject(Name.ID_UNUSABLE, received=id_)
    name_ids = children(request, f"{SAML}NameID")
    if not name_ids or not text(name_ids[0]).strip():
        return reject(Name.NAME_ID_MISSING, expected="a NameID")
    return EndedThere(
        issuer=expected.issuer,
        subject=text(name_ids[0]).strip(),
        indexes=frozenset(text(index).strip() for index in children(request, f"{SAMLP}SessionIndex")),
        qualifiers=qualifiers(dict(name_ids[0].attrib)),
        replay_key=f"logout {id_}",
        replay_until=read_time(request.get("IssueInstant", "")) + MAX_AGE + expected.skew,
        request_id=id_,
        relay_state=query.relay_state,
    )


def verify_response(query: Query, expected: ExpectedLogout, *, request_id: str) -> SignOutOutcome | Rejection:
    """What the identity provider made of our request of this id, or why its answer is not believed."""
    response = _open(query, "LogoutResponse", expected)
    if isinstance(response, Rejection):
        return response
    answered = response.get("InResponseTo", "")
    if answered != request_id:
        return reject(Name.IN_RESPONSE_TO_MISMATCH, expected=request_id, received=answered)
    codes = [str(code.get("Value")) for code in response.iter(f"{SAMLP}StatusCode")]
    if _PARTIAL in codes:
        return SignOutOutcome.PARTIAL
    return SignOutOutcome.DONE if codes == [_SUCCESS] else SignOutOutcome.FAILED


def qualifiers(attributes: Mapping[str, str]) -> dict[str, str]:
    """What tells NameIDs of one value apart. No Format and the unspecified one are the same (SAML core 8.3.1)."""
    found = {name: attributes[name] for name in NAME_ID_ATTRIBUTES if attributes.get(name)}
    return {name: value for name, value in found.items() if value != _UNSPECIFIED}


def _open(query: Query, wanted: str, expected: ExpectedLogout) -> Element | Rejection:
    """The message, once it is known to be this provider's, for us, and made now.

    1. Signed over the query as it came, by a certificate of the connection; not too long (saml/redirect_binding.py).
    2. XML in UTF-8 without document type, comments or processing instructions; the kind of message that its parameter
       says; right by the schema.
    3. The Issuer is the configured one and the Destination the logout URL, character by character. A signed message in
       this binding must have one (SAML bindings 3.4.5.2).
    4. Times.
    """
    xml = verified_xml(query, certificates=expected.certificates)
    if isinstance(xml, Rejection):
        return xml
    try:
        message = parse(xml, keep_comments=True)
    except (NotXmlError, DoctypeError) as error:
        return reject(Name.NOT_XML, expected="XML in UTF-8 without a document type", received=str(error))
    return _form(message, wanted) or _addressed(message, expected) or _times(message, expected) or message


def _form(message: Element, wanted: str) -> Rejection | None:
    if message.getroottree().xpath("//comment() | //processing-instruction()"):
        return reject(Name.COMMENT_PRESENT)
    if message.tag != f"{SAMLP}{wanted}":
        return reject(Name.WRONG_MESSAGE, expected=wanted, received=str(message.tag))
    if message.get("Version") != "2.0" or not is_valid_message(message):
        return reject(Name.SCHEMA_INVALID, expected="SAML 2.0")
    return None


def _addressed(message: Element, expected: ExpectedLogout) -> Rejection | None:
    issuer = ", ".join(text(element) for element in descend(message, f"{SAML}Issuer"))
    if issuer != expected.issuer:
        return reject(Name.ISSUER_MISMATCH, expected=expected.issuer, received=issuer)
    destination, logout_url = message.get("Destination", ""), expected.service_provider.logout_url
    if destination != logout_url:
        return reject(Name.DESTINATION_MISMATCH, expected=logout_url, received=destination)
    return None


def _times(message: Element, expected: ExpectedLogout) -> Rejection | None:
    try:
        issued = read_time(message.get("IssueInstant", ""))
        ends = read_time(message.get("NotOnOrAfter", "9999-12-31T00:00:00Z"))
    except ValueError as error:
        return reject(Name.TIME_UNREADABLE, received=str(error))
    received = f"IssueInstant={issued.isoformat()}"
    if expected.now + expected.skew < issued:
        return reject(Name.ISSUED_IN_FUTURE, expected=expected.clock(), received=received)
    if expected.now - expected.skew - MAX_AGE >= issued:
        return reject(Name.TOO_OLD, expected=expected.clock(), received=received)
    if expected.now - expected.skew >= ends:
        return reject(Name.EXPIRED, expected=expected.clock(), received=f"NotOnOrAfter={ends.isoformat()}")
    return None
