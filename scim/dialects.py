"""What each provider kind is answered, and the names of what identity providers write outside the RFCs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: A larger group is answered 204 to a PATCH: its body would cost more than the change (RFC 7644 3.5.2 allows it).
_LARGEST_GROUP_IN_ANSWER = 500


class Deviation(StrEnum):
    """A shape outside the RFCs that was understood anyway."""

    MANAGER_AS_STRING = "manager_as_string"
    MANAGER_AS_LIST = "manager_as_list"
    MANAGER_WITHOUT_URN = "manager_without_urn"
    MANAGER_EMPTY = "manager_empty"
    PRIMARY_EMPTY = "primary_empty"
    MEMBER_AS_STRING = "member_as_string"
    ENTRY_WITHOUT_LIST = "entry_without_list"
    ENTRY_TWICE = "entry_twice"
    FOREIGN_SCHEMAS = "foreign_schemas"
    NO_OPERATIONS = "no_operations"
    FILTER_VALUE_UNQUOTED = "filter_value_unquoted"
    TEXT_JSON = "text_json"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a provider kind is answered. `largest_group_in_answer` None: never a body for a group PATCH."""

    largest_group_in_answer: int | None = _LARGEST_GROUP_IN_ANSWER


_ENTRA = Dialect(largest_group_in_answer=None)
_DEFAULT = Dialect()


def dialect_of(provider: str) -> Dialect:
    """The dialect of a directory's provider kind; the conformance suites contradict each other."""
    return _ENTRA if provider == "entra" else _DEFAULT
