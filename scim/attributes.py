"""What a model declares, as a table: attribute -> the path its values are indexed under, and how they compare."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scim2_models import AttributeBinding, Path, Resource
from scim2_server.utils import parametrize

from scim.provider import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA

#: Schema -> what stands before an attribute's name in its index path. Stored in the database: never change a value.
_PREFIXES = {USER_SCHEMA: "", GROUP_SCHEMA: "", ENTERPRISE_SCHEMA: "enterprise:"}


@dataclass(frozen=True)
class Attribute:
    """One attribute: `path` is its index path, `parts` its sub-attributes by lower-case name."""

    path: str
    binding: AttributeBinding
    parts: dict[str, Attribute] = field(default_factory=dict)

    @property
    def part_paths(self) -> list[str]:
        """Index paths of its sub-attributes."""
        return [part.path for part in self.parts.values()]


@cache
def attributes_of(model: type[Resource[Any]]) -> Mapping[str, Attribute]:
    """Index path in lower case -> attribute, for every attribute of the model that is not a sub-attribute."""
    table: dict[str, Attribute] = {}
    for path in parametrize(Path, model).iter_paths():
        binding = path.resolve()
        if binding is None:
            continue
        here = Attribute(path=index_path(binding.urn), binding=binding)
        head, _, part = here.path.lower().rpartition(".")
        if part and head in table:
            table[head].parts[part] = here
        else:
            table[here.path.lower()] = here
    return table


def index_path(urn: str) -> str:
    """The path below the resource of a fully qualified attribute: `emails.value`, `enterprise:manager.value`."""
    schema, _, name = urn.rpartition(":")
    return f"{_PREFIXES[schema]}{name}"


def extension_prefix(schema: str) -> str:
    """What stands before the index paths of an extension's attributes."""
    return _PREFIXES[schema]


def comparison_key(binding: AttributeBinding, value: Any) -> str:
    """The text in which values of an attribute are compared: NFC, lower case unless caseExact, `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if binding.target_type is bytes:
        return _binary_key(value)
    return str(binding.comparable(str(value)))


def _binary_key(value: bytes | str) -> str:
    """Base64 without line breaks, whichever way it was written."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    try:
        return base64.b64encode(base64.b64decode(value)).decode()
    except binascii.Error:
        return value
