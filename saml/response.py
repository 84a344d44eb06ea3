"""One posted SAML response: through gate, library and our own checks, to an ExternalIdentity or a named rejection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from onelogin.saml2.settings import OneLogin_Saml2_Settings as LibrarySettings

from app.rules.connections import Revision
from app.rules.identity import ExternalIdentity, ProviderSession, Rejection, Stray, Unasked, Unverified
from saml.attributes import (
    AttributeNames,
    NameId,
    email_of,
    groups_of,
    name_of_person,
    read_attributes,
    subject_of,
)
from saml.checks import Expected, authn_statement, bearer_data, check, moment
from saml.decryption import open_sealed
from saml.documents import SAML, Element, descend, text
from saml.gate import Admitted, Sealed, admit
from saml.library import judge
from saml.logout import NAME_ID_ATTRIBUTES, qualifiers
from saml.rejections import Name, reject
from saml.settings import trusted_certificates

# Longer than any assertion can be answered: the request it must name lives ten minutes.
_LONGEST_REPLAY = timedelta(days=1)
# In bytes: what PostgreSQL takes into an index. Where an attribute says who somebody is, it may be longer.
_LONGEST_NAME_ID = 2000


@dataclass(frozen=True, slots=True)
class _Signed:
    """A response whose signatures are right, and the fingerprints of the certificates that they are by."""

    admitted: Admitted
    by: frozenset[str]


def verify(
    posted: str, *, revision: Revision, settings: LibrarySettings, expected: Expected
) -> ExternalIdentity | Rejection:
    """Who signed in, or why nobody did.

    1. The gate: the post has the one form that may be looked at (saml/gate.py). An encrypted assertion is decrypted
       (saml/decryption.py) and goes through the gate again in its place.
    2. python3-saml, strict, on the gate's tree: schema, structure, signatures (saml/library.py).
    3. Our checks: issuer, addressee, request, all times (saml/checks.py).
    4. The profile: subject, email inside the verified hosts, name, groups (saml/attributes.py), from the assertion
       alone, which step 1 and 2 have shown to be covered by a signature.
    That the assertion is new is for the caller to see, by `replay_key`.
    """
    signed = _signed(posted, revision=revision, settings=settings, expected=expected)
    return signed if isinstance(signed, Rejection) else _said(signed, revision=revision, expected=expected)


def verify_unsolicited(posted: str, *, revision: Revision, settings: LibrarySettings, expected: Expected) -> Unasked:
    """The same for a response that no flow waits for; what fails before its signature is seen to be right may come from
    anybody.
    """
    signed = _signed(posted, revision=revision, settings=settings, expected=expected)
    if isinstance(signed, Rejection):
        return Unverified(signed)
    said = _said(signed, revision=revision, expected=expected)
    return Stray(said) if isinstance(said, Rejection) and said.name == Name.REQUEST_UNKNOWN else said


def _signed(posted: str, *, revision: Revision, settings: LibrarySettings, expected: Expected) -> _Signed | Rejection:
    admitted = admit(posted)
    if isinstance(admitted, Sealed):
        admitted = open_sealed(admitted, settings=settings, keys=revision.own_keys)
    if isinstance(admitted, Rejection):
        return admitted
    verified_by = judge(admitted, settings=settings, service_provider=expected.service_provider)
    if isinstance(verified_by, Rejection):
        return verified_by
    trusted = trusted_certificates(revision)
    return _Signed(admitted, frozenset(trusted[place].fingerprint for place in verified_by))


def _said(signed: _Signed, *, revision: Revision, expected: Expected) -> ExternalIdentity | Rejection:
    return check(signed.admitted, expected) or _identity(
        signed.admitted, revision=revision, expected=expected, signed_with=signed.by
    )


def _identity(
    admitted: Admitted, *, revision: Revision, expected: Expected, signed_with: frozenset[str]
) -> ExternalIdentity | Rejection:
    assertion = admitted.assertion
    names = AttributeNames(**revision.settings.get("attributes", {}))
    received = read_attributes(assertion)
    name_id = _name_id(assertion, expected)
    if isinstance(name_id, Rejection):
        return name_id
    subject = subject_of(received, name_id=name_id, names=names)
    if isinstance(subject, Rejection):
        return subject
    email = email_of(received, name_id=name_id, names=names, hosts=revision.verified_hosts)
    if isinstance(email, Rejection):
        return email
    statement = authn_statement(assertion)
    return ExternalIdentity(
        issuer=expected.issuer,
        subject=subject.value,
        subject_is_stable=subject.is_stable,
        email=email,
        name=name_of_person(received, names),
        groups=groups_of(received, names),
        replay_key=assertion.get("ID", ""),
        replay_until=_replay_until(assertion, expected),
        authenticated_at=moment(statement, "AuthnInstant"),
        session_until=moment(statement, "SessionNotOnOrAfter"),
        session=_session(name_id, statement, expected),
        received=received,
        signed_with=signed_with,
    )


def _session(name_id: NameId | None, statement: Element, expected: Expected) -> ProviderSession | None:
    """What a logout would name; without a NameID it could name nobody, and by one that is too long nobody is found."""
    if name_id is None or len(name_id.value.encode()) > _LONGEST_NAME_ID:
        return None
    index = statement.get("SessionIndex", "").strip()
    return ProviderSession(
        issuer=expected.issuer,
        subject=name_id.value,
        index=index or None,
        qualifiers=qualifiers(name_id.attributes),
        hint=name_id.attributes,
    )


def _name_id(assertion: Element, expected: Expected) -> NameId | Rejection | None:
    """The NameID; None without one or with an empty one, as an attribute may be the subject."""
    if descend(assertion, f"{SAML}Subject", f"{SAML}EncryptedID"):
        return reject(Name.NAME_ID_ENCRYPTED)
    for element in descend(assertion, f"{SAML}Subject", f"{SAML}NameID"):
        qualifier = element.get("SPNameQualifier", expected.service_provider.entity_id)
        if qualifier != expected.service_provider.entity_id:
            entity_id = expected.service_provider.entity_id
            return reject(Name.NAME_ID_FOR_ANOTHER_SERVICE, expected=entity_id, received=qualifier)
        value = text(element).strip()
        attributes = {name: element.get(name, "") for name in NAME_ID_ATTRIBUTES if element.get(name)}
        return NameId(value, element.get("Format"), attributes) if value else None
    return None


def _replay_until(assertion: Element, expected: Expected) -> datetime:
    """When the last confirmation has ended on every clock that we put up with."""
    ends = [end for data in bearer_data(assertion) if (end := moment(data, "NotOnOrAfter"))]
    return min(max(ends), expected.now + _LONGEST_REPLAY) + expected.skew
