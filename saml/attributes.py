"""Attributes of an assertion: their names at the usual identity providers, and the profile and groups they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.rules.identity import UNKNOWN_GROUPS, ReceivedGroups, Rejection
from saml.documents import SAML, Element, children, descend, text
from saml.rejections import Name, reject

Received = Mapping[str, tuple[str, ...]]

_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"

# Names in lower case, as they are compared.
EMAIL = frozenset(
    {
        "email",  # Okta, Google, Keycloak, OneLogin, by convention
        "mail",  # PingFederate, Shibboleth, by directory attribute
        "emailaddress",
        "email_address",
        "user.email",  # OneLogin
        f"{_XMLSOAP}emailaddress",  # Entra, ADFS, Auth0
        "http://schemas.xmlsoap.org/claims/emailaddress",  # ADFS 1.x compatible
        "urn:oid:0.9.2342.19200300.100.1.3",  # mail
        "urn:oid:1.2.840.113549.1.9.1",  # Keycloak's X.500 mapper
    }
)
FIRST_NAME = frozenset(
    {"firstname", "first_name", "givenname", "given_name", "user.firstname", f"{_XMLSOAP}givenname", "urn:oid:2.5.4.42"}
)
LAST_NAME = frozenset(
    {"lastname", "last_name", "surname", "sn", "family_name", "user.lastname", f"{_XMLSOAP}surname", "urn:oid:2.5.4.4"}
)
# Not xmlsoap's `name`: Entra puts the user principal name there.
DISPLAY_NAME = frozenset(
    {"displayname", "display_name", "name", "cn", f"{_MICROSOFT}displayname", "urn:oid:2.16.840.1.113730.3.1.241"}
)
# Roles (Keycloak's `Role`, Microsoft's `role`) are no groups unless the connection says so: Keycloak sends its roles
# always and its groups only to those who have some, so that roles would stand in for "no groups".
GROUPS = frozenset(
    {
        "groups",  # Okta, Google, Keycloak, Auth0 by convention
        "group",
        "memberof",  # OneLogin, PingFederate
        "member",  # Keycloak's group mapper
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",  # Entra
        "http://schemas.xmlsoap.org/claims/group",  # ADFS
        "http://schemas.auth0.com/groups",
    }
)
#: Entra sends this address of a list instead of more than 150 groups; whoever has it is in some groups, unknown which.
ENTRA_OVERAGE = "http://schemas.microsoft.com/claims/groups.link"

EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PERSISTENT_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_LONGEST_EMAIL = 254
_LONGEST_SUBJECT = 256  # of a persistent identifier, SAML core 8.3.7
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AttributeNames:
    """Names an administrator chose. A name that is set is the only one looked at; compared exactly.

    `groups_separator` splits each value of the groups attribute (PingFederate sends `red,green,blue` as one).
    """

    subject: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    groups: str | None = None
    groups_separator: str | None = None


@dataclass(frozen=True, slots=True)
class NameId:
    """The subject's NameID, trimmed; `attributes` are what else the element says."""

    value: str
    format: str | None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the provider means, by a value that is only unique with the issuer."""

    value: str
    is_stable: bool


def read_attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    """Every attribute by its Name with its values, trimmed and without empty ones; repeated Attributes are joined.

    A value that holds elements (eduPersonTargetedID) is not text and left out.
    """
    received: dict[str, list[str]] = {}
    for attribute in descend(assertion, f"{SAML}AttributeStatement", f"{SAML}Attribute"):
        leaves = (value for value in children(attribute, f"{SAML}AttributeValue") if len(value) == 0)
        values = received.setdefault(attribute.get("Name", ""), [])
        values.extend(value for leaf in leaves if (value := text(leaf).strip()))
    return {name: tuple(values) for name, values in received.items()}


def subject_of(received: Received, *, name_id: NameId | None, names: AttributeNames) -> Subject | Rejection:
    """The configured attribute, else the NameID, which is stable when it is persistent."""
    subject = _configured_subject(received, names.subject) if names.subject else _name_id_subject(name_id)
    if isinstance(subject, Subject) and len(subject.value) > _LONGEST_SUBJECT:
        return reject(Name.SUBJECT_TOO_LONG, expected=str(_LONGEST_SUBJECT), received=str(len(subject.value)))
    return subject


def _configured_subject(received: Received, name: str) -> Subject | Rejection:
    values = received.get(name, ())
    if not values:
        return reject(Name.SUBJECT_MISSING, expected=name, received=", ".join(received))
    if len(values) > 1:
        return reject(Name.SUBJECT_AMBIGUOUS, expected=f"{name}, once", received=f"{len(values)} values")
    return Subject(values[0], is_stable=True)


def _name_id_subject(name_id: NameId | None) -> Subject | Rejection:
    if name_id is None:
        return reject(Name.NAME_ID_MISSING)
    if name_id.format == TRANSIENT_FORMAT:
        return reject(Name.NAME_ID_TRANSIENT, expected=PERSISTENT_FORMAT, received=TRANSIENT_FORMAT)
    return Subject(name_id.value, is_stable=name_id.format == PERSISTENT_FORMAT)


def email_of(
    received: Received, *, name_id: NameId | None, names: AttributeNames, hosts: frozenset[str]
) -> str | Rejection:
    """The one email address, trimmed and in lower case, on a verified host.

    From the configured attribute, else from the usual ones, else from a NameID that calls itself an address. Several
    usual names may be there when they agree; which of two to believe is for the administrator to say.
    """
    found = _attributes(received, names.email, EMAIL)
    addresses = {_lowered(value) for values in found for value in values}
    if len(addresses) > 1 or any(len(values) > 1 for values in found):
        return reject(Name.EMAIL_AMBIGUOUS, expected="one address", received=", ".join(sorted(addresses)))
    if not addresses and names.email is None and name_id is not None and name_id.format == EMAIL_FORMAT:
        addresses = {_lowered(name_id.value)}
    if not addresses:
        missing = reject(Name.EMAIL_MISSING, expected=names.email or "an attribute email", received=", ".join(received))
        return _with_candidate(missing, received, hosts)
    address = addresses.pop()
    if not is_address(address):
        return _with_candidate(reject(Name.EMAIL_INVALID, received=address), received, hosts)
    if address.rpartition("@")[2] not in hosts:
        return reject(Name.OUTSIDE_ORGANIZATION, expected=", ".join(sorted(hosts)), received=address)
    return address


def _with_candidate(rejection: Rejection, received: Received, hosts: frozenset[str]) -> Rejection:
    """The same, with the one attribute that holds an address which would do."""
    found = [name for name, values in received.items() if len(values) == 1 and _is_at(values[0], hosts)]
    if len(found) != 1:
        return rejection
    hint = f"The attribute “{found[0]}” holds an address: enter that as Attribute with the email address."
    return replace(rejection, fix=f"{rejection.fix} {hint}")


def _is_at(candidate: str, hosts: frozenset[str]) -> bool:
    return is_address(candidate) and candidate.rpartition("@")[2].lower() in hosts


def _lowered(address: str) -> str:
    """In lower case, unless that could make another person's address of it: outside ASCII, the Kelvin sign is a k."""
    return address.lower() if address.isascii() else address


def is_address(candidate: str) -> bool:
    """Whether this is a bare ASCII address: two parts around one `@`, no blanks, quotes, brackets or separators."""
    local, at, host = candidate.partition("@")
    harmless = candidate.isascii() and candidate.isprintable() and not set(candidate) & set(' "(),:;<>[\\]')
    return bool(local and at and host) and "@" not in host and harmless and len(candidate) <= _LONGEST_EMAIL


def name_of_person(received: Received, names: AttributeNames) -> str:
    """The display name, else first and last name, else nothing; on one line and not too long."""
    display = _first(_attributes(received, names.display_name, DISPLAY_NAME))
    first = _first(_attributes(received, names.first_name, FIRST_NAME))
    last = _first(_attributes(received, names.last_name, LAST_NAME))
    return " ".join((display or f"{first} {last}").split())[:_LONGEST_NAME]


def groups_of(received: Received, names: AttributeNames) -> ReceivedGroups:
    """Groups: unknown without such an attribute or with Entra's overage link, else those it holds, possibly none."""
    found = _attributes(received, names.groups, GROUPS)
    if ENTRA_OVERAGE in received or not found:
        return UNKNOWN_GROUPS
    values = {value for values in found for value in values}
    if names.groups_separator is not None:
        values = {part.strip() for value in values for part in value.split(names.groups_separator)}
    return ReceivedGroups.of(frozenset(values - {""}))


def _attributes(received: Received, chosen: str | None, usual: frozenset[str]) -> list[tuple[str, ...]]:
    """The values of the attributes that count, one entry for each."""
    if chosen is not None:
        return [received[chosen]] if chosen in received else []
    return [values for name, values in received.items() if name.lower() in usual]


def _first(found: Iterable[tuple[str, ...]]) -> str:
    return next((value for values in found for value in values), "")
