"""SCIM resource <-> directory record: a pushed resource as the mirror keeps it, and a stored one as a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from scim2_models import Context, InvalidValueException, Resource, ResourceType

from app.rules.directories import (
    Address,
    DirectoryGroupRecord,
    DirectoryUserRecord,
    Mirrored,
    Reference,
    ResourceKind,
    choose_address,
)
from scim import limits
from scim.attributes import Attribute, attributes_of, comparison_key, extension_prefix
from scim.provider import model_of

#: What is not indexed as a value: it has a column, is computed, or is a row of its own.
_NOT_INDEXED = frozenset({"schemas", "id", "meta", "username", "externalid", "groups", "members"})
_NEVER_STORED = ("meta", "groups", "members")

Document = dict[str, Any]


def kind_of(resource_type: ResourceType) -> ResourceKind:
    """What the mirror calls this resource type."""
    return ResourceKind(resource_type.name or "")


def document_of(resource: Resource[Any], resource_id: str) -> Document:
    """The resource as it will be answered, without what other rows say: meta, groups, members."""
    document = resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    for name in _NEVER_STORED:
        document.pop(name, None)
    if not document.get("externalId", True):
        document.pop("externalId")  # an empty one identifies nobody, so that two users may have it: it is none
    known = {str(type(resource).__schema__), *type(resource).get_extension_models()}
    schemas = [schema for schema in document.pop("schemas") if schema in known]
    return {"schemas": schemas, "id": resource_id, **{name: one for name, one in document.items() if name != "id"}}


def user_record(
    resource: Resource[Any], resource_id: str, *, active: bool = True, says_active: bool = True
) -> DirectoryUserRecord:
    """A user as the mirror keeps it.

    `active` is the state that counts when the resource is silent about it: true for a new user, the present one for an
    existing user, because an attribute that was left out must neither suspend nor bring back anyone. With `says_active`
    the document then states it; a PATCH that removes the attribute leaves the document silent.

    Raises InvalidValueException for values that cannot be stored.
    """
    if says_active and getattr(resource, "active", None) is None:
        # A copy, in which the attribute stands in its place: what is equal must be equal as text.
        resource = resource.model_copy(update={"active": active})
    return user_record_of(document_of(resource, resource_id), type(resource), active=active)


def user_record_of(document: Document, model: type[Resource[Any]], *, active: bool) -> DirectoryUserRecord:
    """The same from a document; `active` is the state that counts when it is silent."""
    table = attributes_of(model)
    keys = list(_indexed(document, table, model))
    user_name = _required(document, "userName")
    return DirectoryUserRecord(
        user_name_key=_name_key(table["username"], user_name),
        external_id=_external_id(document, table["externalid"]),
        active=document.get("active", active),
        email=choose_address(_addresses(document), user_name=user_name),
        name=_display_name(document, user_name),
        document=_as_text(document),
        search_keys=_as_text(keys),
    )


def group_record(resource: Resource[Any], resource_id: str) -> DirectoryGroupRecord:
    """A group as the mirror keeps it, without its members. Raises InvalidValueException."""
    document = document_of(resource, resource_id)
    return group_record_of(document, attributes_of(type(resource)))


def group_record_of(document: Document, table: Mapping[str, Attribute]) -> DirectoryGroupRecord:
    """The same from a document."""
    display_name = _required(document, "displayName")
    return DirectoryGroupRecord(
        display_name=display_name,
        display_key=_name_key(table["displayname"], display_name),
        external_id=_external_id(document, table["externalid"]),
        document=_as_text(document),
    )


def resource_of(mirrored: Mirrored, resource_type: ResourceType) -> Resource[Any]:
    """A stored resource as a model, for the library: meta without location, references relative to the SCIM root."""
    document: Document = orjson.loads(mirrored.document)
    document["meta"] = meta_of(mirrored)
    if mirrored.references:
        name = "groups" if mirrored.kind is ResourceKind.USER else "members"
        document[name] = [reference_of(mirrored.kind, one, base_url="") for one in mirrored.references]
    return model_of(resource_type).model_validate(document)


def meta_of(mirrored: Mirrored) -> dict[str, str]:
    """The meta attribute without location."""
    return {
        "resourceType": mirrored.kind.value,
        "created": date_time(mirrored.created_at),
        "lastModified": date_time(mirrored.modified_at),
        "version": version_tag(mirrored.version),
    }


def reference_of(kind: ResourceKind, reference: Reference, *, base_url: str) -> dict[str, str]:
    """One entry of a user's groups or of a group's members. `base_url` ends with a slash, or is empty."""
    if kind is ResourceKind.USER:
        ref = f"{base_url}Groups/{reference.id}"
        return {"value": reference.id, "$ref": ref, "display": reference.name, "type": "direct"}
    ref = f"{base_url}Users/{reference.id}"
    return {"value": reference.id, "$ref": ref, "type": "User"}


def version_tag(version: int) -> str:
    """The entity tag of a version: weak, because groups and members are not part of it byte for byte."""
    return f'W/"{version}"'


def date_time(moment: datetime) -> str:
    """xsd:dateTime in UTC."""
    text = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()
    return f"{text[:-6]}Z"


def _as_text(document: Document | Sequence[Any]) -> str:
    try:
        return orjson.dumps(document).decode()
    except TypeError as error:
        raise InvalidValueException(detail="The resource contains a character that cannot be stored.") from error


def _required(document: Document, name: str) -> str:
    """RFC 7643 4.1.1: a userName is never empty; the same goes for the displayName of a group."""
    value: str = document.get(name) or ""
    if not value.strip():
        raise InvalidValueException(
            detail=f"{name} must not be empty. Map {name} to an attribute that every assigned object has a value for."
        )
    return value


def _name_key(attribute: Attribute, value: str) -> str:
    limits.check_text(value, attribute.path)
    key = comparison_key(attribute.binding, value)
    limits.check_name(key, attribute.path)
    return key


def _external_id(document: Document, attribute: Attribute) -> str | None:
    """None also for an empty one: it identifies nobody, so two users may have it."""
    value = document.get("externalId")
    return _name_key(attribute, value) if value else None


def _addresses(document: Document) -> list[Address]:
    return [
        Address(value=email["value"], type=email.get("type", ""), primary=email.get("primary", False))
        for email in document.get("emails", ())
        if email.get("value")
    ]


def _display_name(document: Document, user_name: str) -> str:
    """displayName, else the formatted name, else given and family name, else userName."""
    name = document.get("name", {})
    parts = (name.get("givenName", ""), name.get("familyName", ""))
    both = " ".join(part for part in parts if part)
    return document.get("displayName") or name.get("formatted") or both or user_name


#: One value that a filter can find: path, entry, lead, key; see `DirectoryUser.search_keys`.
_Key = tuple[str, int, int, str]


def _indexed(document: Document, table: Mapping[str, Attribute], model: type[Resource[Any]]) -> Iterator[_Key]:
    """Every value of a document that a filter can find."""
    extensions = model.get_extension_models()
    for name, value in document.items():
        if name in extensions:
            for inner, inner_value in value.items():
                yield from _values_of(table[f"{extension_prefix(name)}{inner}".lower()], inner_value)
        elif name.lower() not in _NOT_INDEXED:
            yield from _values_of(table[name.lower()], value)


def _values_of(attribute: Attribute, value: Any) -> Iterator[_Key]:
    if not isinstance(value, list):
        yield from _entry_values(attribute, value, entry=0, lead=1)
        return
    if len(value) > limits.MAX_ENTRIES:
        raise InvalidValueException(detail=f"{attribute.path} has more than {limits.MAX_ENTRIES} values.")
    primary = [bool(isinstance(one, dict) and one.get("primary")) for one in value]
    leading = primary.index(True) if True in primary else 0
    for entry, one in enumerate(value):
        yield from _entry_values(attribute, one, entry=entry, lead=int(entry == leading))


def _entry_values(attribute: Attribute, value: Any, *, entry: int, lead: int) -> Iterator[_Key]:
    if isinstance(value, dict):
        for name, part_value in value.items():
            part = attribute.parts[name.lower()]
            yield part.path, entry, lead, _checked_key(part, part_value)
    else:
        yield attribute.path, entry, lead, _checked_key(attribute, value)


def _checked_key(attribute: Attribute, value: Any) -> str:
    if isinstance(value, str):
        limits.check_text(value, attribute.path)
    return comparison_key(attribute.binding, value)
