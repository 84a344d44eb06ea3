"""The attributes of users and groups as RFC 7643 lists them: type, case, single or multi-valued."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.scim.application import ENTERPRISE, GROUP, USER

#: A resource as JSON.
Document = dict[str, Any]


@dataclass(frozen=True)
class Attribute:
    """One attribute; `home` is the extension it belongs to, if any."""

    name: str
    type: str = "string"
    case_exact: bool = False
    multi: bool = False
    home: str = ""
    parts: dict[str, Attribute] = field(default_factory=dict)

    def value(self, document: Document) -> Any:
        """What a resource holds here; None for what RFC 7643 2.5 calls unassigned."""
        place = document.get(self.home, {}) if self.home else document
        value = place.get(self.name)
        return None if value in ([], {}) else value

    def entries(self, document: Document) -> list[Any]:
        """Its values: none, one, or those of the list."""
        value = self.value(document)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def key(self, value: Any) -> str:
        """What comparisons see: NFC, without case unless the attribute is caseExact; booleans as `true` and `false`."""
        if isinstance(value, bool):
            return "true" if value else "false"
        text = unicodedata.normalize("NFC", str(value))
        return text if self.case_exact else unicodedata.normalize("NFC", text.lower())


def _parts(names: str, **types: str) -> dict[str, Attribute]:
    exact = {name for name, kind in types.items() if kind in ("binary", "exact", "reference")}
    return {name: Attribute(name, types.get(name, "string"), name in exact) for name in names.split()}


def _table(*attributes: Attribute) -> dict[str, Attribute]:
    return {f"{one.home}:{one.name}" if one.home else one.name: one for one in attributes}


_COMMON = (
    Attribute("id", case_exact=True),
    Attribute("externalId", case_exact=True),
    Attribute("schemas", "exact", case_exact=True, multi=True),
    Attribute(
        "meta",
        "complex",
        parts={
            **_parts("resourceType version", resourceType="exact", version="exact"),
            **_parts("created lastModified", created="dateTime", lastModified="dateTime"),
        },
    ),
)
_PLURAL = "value display type primary"
_NAME_PARTS = "formatted familyName givenName middleName honorificPrefix honorificSuffix"
_ADDRESS_PARTS = "formatted streetAddress locality region postalCode country type primary"

USER_ATTRIBUTES = _table(
    *_COMMON,
    *(Attribute(name) for name in ("userName", "displayName", "nickName", "title", "userType", "locale", "timezone")),
    Attribute("preferredLanguage"),
    Attribute("profileUrl", "reference", case_exact=True),
    Attribute("active", "boolean"),
    Attribute("name", "complex", parts=_parts(_NAME_PARTS)),
    *(
        Attribute(name, "complex", multi=True, parts=_parts(_PLURAL, primary="boolean"))
        for name in ("emails", "phoneNumbers", "ims", "entitlements", "roles")
    ),
    Attribute("photos", "complex", multi=True, parts=_parts(_PLURAL, primary="boolean", value="reference")),
    Attribute("x509Certificates", "complex", multi=True, parts=_parts(_PLURAL, primary="boolean", value="binary")),
    Attribute("addresses", "complex", multi=True, parts=_parts(_ADDRESS_PARTS, primary="boolean")),
    Attribute("groups", "complex", multi=True, parts=_parts("value type", value="exact")),
    *(
        Attribute(name, home=ENTERPRISE)
        for name in ("employeeNumber", "costCenter", "organization", "division", "department")
    ),
    Attribute("manager", "complex", home=ENTERPRISE, parts=_parts("value", value="exact")),
)
GROUP_ATTRIBUTES = _table(
    *_COMMON,
    Attribute("displayName"),
    Attribute("members", "complex", multi=True, parts=_parts("value type", value="exact")),
)
ATTRIBUTES = {USER: USER_ATTRIBUTES, GROUP: GROUP_ATTRIBUTES}


def values_of(attribute: Attribute, document: Document, part: str | None) -> Iterator[Any]:
    """Every value of an attribute, or of one sub-attribute of it, that is assigned."""
    for entry in attribute.entries(document):
        value = entry if part is None else entry.get(part)
        if value is not None:
            yield value
