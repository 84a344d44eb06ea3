"""A whole directory: users, groups, who is in which, what is unique, and which write is a change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scim.application import ENTERPRISE, GROUP, USER
from tests.scim.model.filters import Tree, matches
from tests.scim.model.patches import Operation, patched
from tests.scim.model.resources import Refused, check, stored
from tests.scim.model.schema import ATTRIBUTES, USER_ATTRIBUTES, Document


@dataclass
class Kept:
    """One resource: what was pushed, its members if it is a group, and how often it changed."""

    schema: str
    document: Document
    members: set[str] = field(default_factory=set)
    version: int = 1
    #: Facts of the answer that the model does not make: id and dates.
    facts: Document = field(default_factory=dict)


@dataclass(frozen=True)
class GroupOperation:
    """One operation of a group's PATCH: members by id, or a new displayName or externalId."""

    op: str
    members: frozenset[str] | None
    attributes: Document
    body: Document


class Directory:
    """What the endpoint must hold after the same requests. Every method raises Refused and then changes nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    def create(self, schema: str, body: Document) -> Kept:
        """A resource that is not yet in the directory: `admit` gives it the id that the endpoint chose."""
        document = stored(body, schema)
        members = _member_ids(document.pop("members", []))
        if schema == USER:
            document.setdefault("active", True)
        self._check_alone(schema, document, other_than=None)
        return Kept(schema, document, self._known(members))

    def admit(self, kept: Kept, answer: Document) -> str:
        """Take in what was created."""
        resource_id: str = answer["id"]
        assert resource_id not in self.kept
        kept.facts = {"id": resource_id, "meta": answer["meta"]}
        self.kept[resource_id] = kept
        return resource_id

    def replace(self, resource_id: str, body: Document) -> None:
        """PUT: what is not named goes, but for `active` and `members`, about which silence says nothing."""
        kept = self._present(resource_id)
        document = stored(body, kept.schema)
        silent = not any(key.lower() == "members" and value is not None for key, value in body.items())
        members = _member_ids(document.pop("members", []))
        if kept.schema == USER:
            document.setdefault("active", kept.document.get("active", True))
        self._write(resource_id, document, kept.members if silent else self._known(members))

    def patch_user(self, resource_id: str, operations: Iterable[Operation]) -> None:
        kept = self._present(resource_id)
        self._write(resource_id, patched(kept.document, operations), kept.members)

    def patch_group(self, resource_id: str, operations: Sequence[GroupOperation]) -> None:
        """Operations in order; ids of nobody are left out."""
        kept = self._present(resource_id)
        document, members = dict(kept.document), set(kept.members)
        for operation in operations:
            document |= operation.attributes
            if operation.members is not None:
                named = operation.members
                members = {"add": members | named, "remove": members - named, "replace": set(named)}[operation.op]
        document = {name: value for name, value in document.items() if value is not None}
        check(document, GROUP)
        self._write(resource_id, document, self._known(members))

    def delete(self, resource_id: str) -> None:
        """Gone; a user also from every group, which is a change of that group."""
        self._present(resource_id)
        del self.kept[resource_id]
        for group in self.kept.values():
            if resource_id in group.members:
                group.members.discard(resource_id)
                group.version += 1

    def view(self, resource_id: str) -> Document:
        """The resource as it is answered, without what only the endpoint knows ($ref, location)."""
        kept = self.kept[resource_id]
        extension = [ENTERPRISE] if ENTERPRISE in kept.document else []
        view = {"schemas": [kept.schema, *extension], **kept.document, **kept.facts}
        view["meta"] = {**kept.facts.get("meta", {}), "version": f'W/"{kept.version}"'}
        if kept.schema == GROUP:
            view["members"] = [{"value": member, "type": "User"} for member in sorted(kept.members)]
        else:
            groups = [(one, group) for one, group in sorted(self.kept.items()) if resource_id in group.members]
            entries = [
                {"value": one, "display": group.document["displayName"], "type": "direct"} for one, group in groups
            ]
            view |= {"groups": entries} if entries else {}
        return view

    def ids(self, schema: str | None = None) -> list[str]:
        return sorted(one for one, kept in self.kept.items() if schema in (None, kept.schema))

    def found(self, schema: str, tree: Tree) -> list[str]:
        """Ids of what a filter finds, in order."""
        return [one for one in self.ids(schema) if matches(tree, self.view(one))]

    def ordered(self, ids: Iterable[str], schema: str, sort_by: str, *, descending: bool) -> list[str]:
        """RFC 7644 3.4.2.3: by the primary or first value, missing ones last, or first if descending; then by id."""
        urn, colon, path = sort_by.rpartition(":")
        name, _, part = path.partition(".")
        attribute = ATTRIBUTES[schema][f"{urn}{colon}{name}"]
        leaf = attribute.parts.get(part or "value", attribute)

        def key(resource_id: str) -> tuple[bool, str, str]:
            entries: list[Any] = attribute.entries(self.view(resource_id))
            leading = next((one for one in entries if isinstance(one, dict) and one.get("primary") is True), None)
            entry = leading if leading is not None else next(iter(entries), None)
            value = entry.get(leaf.name) if isinstance(entry, dict) else entry
            return value is None, "" if value is None else leaf.key(value), resource_id

        return sorted(ids, key=key, reverse=descending)

    def _present(self, resource_id: str) -> Kept:
        if resource_id not in self.kept:
            raise Refused(404, "unknown")
        return self.kept[resource_id]

    def _write(self, resource_id: str, document: Document, members: set[str]) -> None:
        kept = self.kept[resource_id]
        self._check_alone(kept.schema, document, other_than=resource_id)
        if comparable(document) != comparable(kept.document) or members != kept.members:
            kept.version += 1
        kept.document, kept.members = document, members

    def _check_alone(self, schema: str, document: Document, *, other_than: str | None) -> None:
        unique = ("userName", "externalId") if schema == USER else ("displayName",)
        others = [kept.document for one, kept in self.kept.items() if one != other_than and kept.schema == schema]
        for name in unique:
            key, value = USER_ATTRIBUTES[name].key, document.get(name)
            if value and any(other.get(name) and key(other[name]) == key(value) for other in others):
                raise Refused(409, f"{name} is taken")

    def _known(self, members: Iterable[str]) -> set[str]:
        return {one for one in members if one in self.kept and self.kept[one].schema == USER}


def _member_ids(entries: Iterable[Document]) -> set[str]:
    return {entry["value"] for entry in entries}


def comparable(document: Document) -> Document:
    """A resource without links, the values of its multi-valued attributes in no particular order (RFC 7643 2.4)."""
    compared: Document = {}
    for name, value in document.items():
        if isinstance(value, list) and name != "schemas":
            entries = [{key: one for key, one in entry.items() if key != "$ref"} for entry in value]
            compared[name] = sorted(entries, key=lambda entry: repr(sorted(entry.items())))
        else:
            compared[name] = value
    return compared
