"""`attributes` and `excludedAttributes` (RFC 7644 3.9) on stored documents, without building a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scim2_models import ResponseParameters

from app.rules.directories import ResourceKind
from scim.provider import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA

#: Lower-case attribute name -> what is named below it; empty: all of it.
Tree = dict[str, "Tree"]

_ALWAYS = frozenset({"schemas", "id"})
_REFERENCES = {ResourceKind.USER: "groups", ResourceKind.GROUP: "members"}


@dataclass(frozen=True, slots=True)
class Projection:
    """What a client wants to see. Both None: everything."""

    included: Tree | None = None
    excluded: Tree | None = None

    @classmethod
    def of(cls, parameters: ResponseParameters[Any] | None) -> Projection:
        """Read the validated parameters."""
        if parameters is None:
            return cls()
        return cls(
            included=_tree(parameters.attributes) if parameters.attributes else None,
            excluded=_tree(parameters.excluded_attributes) if parameters.excluded_attributes else None,
        )

    def wants_references(self, kind: ResourceKind) -> bool:
        """Whether the groups of a user or the members of a group are in the answer, so that they must be looked up."""
        name = _REFERENCES[kind]
        if self.included is not None:
            return name in self.included
        return self.excluded is None or self.excluded.get(name) != {}

    def without_members(self) -> Projection:
        """The same, for reading a group whose members are read apart."""
        return Projection(excluded={"members": {}})

    def is_whole(self, kind: ResourceKind) -> bool:
        """Whether the stored document can be answered as it is, with or without its references."""
        return self.included is None and (self.excluded is None or self.excluded == {_REFERENCES[kind]: {}})

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """The part of a complete document that the client wants; id and schemas always stay."""
        if self.included is not None:
            kept = _keep(document, {**self.included, **dict.fromkeys(_ALWAYS, _WHOLE)})
        elif self.excluded is not None:
            kept = _drop(document, {name: tree for name, tree in self.excluded.items() if name not in _ALWAYS})
        else:
            return document
        urns = [urn for urn in kept["schemas"] if urn != ENTERPRISE_SCHEMA or urn in kept]
        return {**kept, "schemas": urns}


_WHOLE: Tree = {}


def _tree(paths: Iterable[Any]) -> Tree:
    """The named paths as a tree; a shorter path wins over a longer one below it."""
    root: Tree = {}
    for path in paths:
        *heads, last = _parts(str(path))
        here: Tree | None = root
        for head in heads:
            if here is not None:
                here = here.setdefault(head, {}) if here.get(head) != {} else None
        if here is not None:
            here[last] = {}
    return root


def _parts(path: str) -> list[str]:
    """A path as keys of the document: the URN of an extension is a key, that of the core schema is left out."""
    lowered = path.lower()
    for schema in (USER_SCHEMA.lower(), GROUP_SCHEMA.lower()):
        lowered = lowered.removeprefix(f"{schema}:")
    extension = ENTERPRISE_SCHEMA.lower()
    if lowered == extension:
        return [extension]
    if lowered.startswith(f"{extension}:"):
        return [extension, *lowered.removeprefix(f"{extension}:").split(".")]
    return lowered.split(".")


def _keep(value: Any, tree: Tree) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        return [kept for one in value if (kept := _keep(one, tree))]
    if not isinstance(value, dict):
        return value
    kept = {name: _keep(one, tree[name.lower()]) for name, one in value.items() if name.lower() in tree}
    return {name: one for name, one in kept.items() if one not in ({}, [])}


def _drop(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [kept for one in value if (kept := _drop(one, tree))]
    if not isinstance(value, dict):
        return value
    kept = {
        name: _drop(one, tree[name.lower()]) if name.lower() in tree else one
        for name, one in value.items()
        if tree.get(name.lower()) != {}
    }
    return {name: one for name, one in kept.items() if one != {}}
