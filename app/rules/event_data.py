"""What an event may say in `data`: named fields, each of a type that can be checked and put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.rules.ids import Prefix, is_id

#: What people call the things that identifiers name, where it is not the name of the member of `Prefix`.
_NAMES = {Prefix.MAPPING: "role mapping", Prefix.LINK: "setup link"}


class DataType(Protocol):
    """A type of a field."""

    @property
    def wording(self) -> str:
        """The type in the words of the documentation."""
        ...

    def accepts(self, value: object) -> bool:
        """Whether this is a value of the type."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A value that JSON knows: a text, a number, true or false."""

    wording: str
    python: type

    def accepts(self, value: object) -> bool:
        return isinstance(value, self.python) and (self.python is bool or not isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class Id:
    """The id of something of one kind."""

    prefix: Prefix

    @property
    def wording(self) -> str:
        return f"id of {one_of(self.prefix)} (`{self.prefix.value}_…`)"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and is_id(value, self.prefix)


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts."""

    wording: str = "list of texts"

    def accepts(self, value: object) -> bool:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)


@dataclass(frozen=True, slots=True)
class Record:
    """An object with fields of its own."""

    fields: tuple[Field, ...]

    @property
    def wording(self) -> str:
        return "object: " + ", ".join(f"`{field.name}` ({field.type.wording})" for field in self.fields)

    def accepts(self, value: object) -> bool:
        return isinstance(value, Mapping) and fault(self.fields, value) is None


@dataclass(frozen=True, slots=True)
class Field:
    """One field. One that is optional is left out where there is nothing to say, and never null."""

    name: str
    type: DataType
    meaning: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """What an event says: that something happened, to a subject of which kind, and with which fields."""

    sentence: str
    subject: Prefix
    data: tuple[Field, ...] = ()

    def fault(self, *, subject: str, data: Mapping[str, object]) -> str | None:
        """What is wrong with an event of this type; None where nothing is."""
        if not is_id(subject, self.subject):
            return f"the subject {subject!r} is no {name_of(self.subject)}"
        return fault(self.data, data)


TEXT = Plain("text", str)
NUMBER = Plain("number", int)
FLAG = Plain("true or false", bool)


def fault(fields: tuple[Field, ...], data: Mapping[str, object]) -> str | None:
    """What is wrong with these values of these fields; None where nothing is."""
    known = {field.name: field for field in fields}
    for name, value in data.items():
        if name not in known:
            return f"there is no field {name!r}"
        if not known[name].type.accepts(value):
            return f"{name} is {value!r}, and not: {known[name].type.wording}"
    missing = [field.name for field in fields if not field.optional and field.name not in data]
    return f"there is no {missing[0]!r}" if missing else None


def name_of(prefix: Prefix) -> str:
    """What people call the kind of thing that an identifier names."""
    return _NAMES.get(prefix, prefix.name.lower().replace("_", " "))


def one_of(prefix: Prefix) -> str:
    """The same with its article."""
    name = name_of(prefix)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
