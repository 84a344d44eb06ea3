"""What was acknowledged, and how what a server holds differs from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    """What a user must say at the end."""

    user_name: str
    display_name: str
    active: bool


@dataclass
class Group:
    """A pushed group and its acknowledged members."""

    name: str
    members: set[str] = field(default_factory=set)


@dataclass
class Ledger:
    """Users and groups by id. `earlier` are the ids of users who were there before the push and are left alone."""

    earlier: frozenset[str] = frozenset()
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def problems(self, people: dict[str, Person], groups: dict[str, set[str]]) -> Iterator[str]:
        """Everything in which the users and the members that were read differ from what was acknowledged."""
        for user_id, wanted in self.people.items():
            if user_id not in people:
                yield f"{wanted.user_name} ({user_id}) was acknowledged and is not there"
            elif people[user_id] != wanted:
                yield f"{wanted.user_name} ({user_id}) is {people[user_id]} and was acknowledged as {wanted}"
        for user_id in people.keys() - self.people.keys() - self.earlier:
            yield f"{people[user_id].user_name} ({user_id}) is there and was never acknowledged"
        for group_id, group in self.groups.items():
            held = groups.get(group_id, set())
            if missing := group.members - held:
                yield f"group {group.name} lacks {len(missing)} acknowledged members, such as {min(missing)}"
            if extra := held - group.members:
                yield f"group {group.name} has {len(extra)} members nobody was told of, such as {min(extra)}"
