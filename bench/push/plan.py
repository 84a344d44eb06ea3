"""The tasks of each phase: what is sent, what the answer must say, and what is noted once it has said so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bench.operations import Exchange, patch_body
from bench.people import group_body, user_body, user_name
from bench.push.ledger import Group, Ledger, Person
from bench.push.running import Session, Task

#: Members named in one PATCH, and members of one team.
BATCH = 100
TEAM = 500
PAGE = 100
EVERYBODY = "Everybody"
#: Of a hundred people who change: who is turned off, gets another name, moves to another team; the rest are new.
_TURNED_OFF, _RENAMED, _MOVED = 30, 40, 20


def first_push(ledger: Ledger, numbers: range) -> Iterator[Task]:
    """Everybody, looked up before being created."""
    return (_push_user(ledger, number) for number in numbers)


def make_groups(ledger: Ledger, users: int) -> Iterator[Task]:
    """One group for everybody and the teams, without members, as Entra makes them."""
    return (_make_group(ledger, name) for name in (EVERYBODY, *(f"Team {n}" for n in range(-(-users // TEAM)))))


def fill_groups(ledger: Ledger, chance: random.Random) -> list[Task]:
    """Batches of members in an order that mixes the groups: several at once end up in the same one."""
    by_name = {group.name: group_id for group_id, group in ledger.groups.items()}
    ids = sorted(ledger.people, key=lambda user_id: ledger.people[user_id].user_name)
    tasks = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        tasks += [_join(ledger, by_name[name], batch) for name in (EVERYBODY, f"Team {start // TEAM}")]
    chance.shuffle(tasks)
    return tasks


def churn(ledger: Ledger, chance: random.Random, changes: int, newcomers: range) -> list[Task]:
    """So many changes, each to somebody else, so that their order does not matter; then people who are new."""
    teams = sorted(group_id for group_id, group in ledger.groups.items() if group.name != EVERYBODY)
    tasks = [_push_user(ledger, number) for number in newcomers]
    for user_id in chance.sample(sorted(ledger.people), min(changes, len(ledger.people))):
        drawn = chance.randrange(_TURNED_OFF + _RENAMED + _MOVED)
        if drawn < _TURNED_OFF:
            tasks.append(_patch(ledger, user_id, "active", False, lambda person: replace(person, active=False)))
        elif drawn < _TURNED_OFF + _RENAMED:
            tasks.append(_rename(ledger, user_id, f"Another Name {chance.randrange(1_000_000)}"))
        else:
            tasks.append(_move(ledger, user_id, teams, chance.choice(teams)))
    chance.shuffle(tasks)
    return tasks


def newcomers_of(users: int, changes: int) -> range:
    """Whom the churn pushes for the first time."""
    return range(users, users + changes * (100 - _TURNED_OFF - _RENAMED - _MOVED) // 100)


@dataclass
class Reading:
    """What a reconciliation has read: every page of users one after the other, then each group with its members."""

    people: dict[str, Person]
    groups: dict[str, set[str]]

    def tasks(self, group_ids: list[str]) -> Iterator[Task]:
        """Pages are one task, because a provider reads the next one when it has the last."""
        yield self._pages
        for group_id in group_ids:
            yield self._group(group_id)

    def _pages(self, session: Session) -> None:
        start, total = 1, 1
        while start <= total:
            path = f"/Users?startIndex={start}&count={PAGE}"
            right = lambda answer: len(answer["Resources"]) > 0 or answer["totalResults"] == 0  # noqa: E731
            answer = session.ask("page of 100", Exchange("GET", path, None, 200, right))
            total = answer["totalResults"]
            for one in answer.get("Resources", ()):
                person = Person(one["userName"], one.get("displayName", ""), one.get("active", True))
                self.people[one["id"]] = person
            start += PAGE

    def _group(self, group_id: str) -> Task:
        def task(session: Session) -> None:
            exchange = Exchange("GET", f"/Groups/{group_id}", None, 200, lambda answer: bool(answer["id"] == group_id))
            answer = session.ask("group with its members", exchange)
            self.groups[group_id] = {member["value"] for member in answer.get("members", ())}

        return task


def _push_user(ledger: Ledger, number: int) -> Task:
    def task(session: Session) -> None:
        text = quote(f'userName eq "{user_name(number)}"')
        path = f"/Users?filter={text}"
        session.ask("look-up", Exchange("GET", path, None, 200, lambda answer: bool(answer["totalResults"] == 0)))
        body = user_body(number)
        exchange = Exchange("POST", "/Users", body, 201, lambda answer: answer["id"] and _says(answer, body))
        created = session.ask("create", exchange)
        ledger.people[created["id"]] = Person(body["userName"], body["displayName"], body["active"])

    return task


def _make_group(ledger: Ledger, name: str) -> Task:
    def task(session: Session) -> None:
        right = lambda answer: answer["id"] and answer["displayName"] == name  # noqa: E731
        created = session.ask("create a group", Exchange("POST", "/Groups", group_body(name, []), 201, right))
        ledger.groups[created["id"]] = Group(name)

    return task


def _join(ledger: Ledger, group_id: str, batch: list[str]) -> Task:
    def task(session: Session) -> None:
        value = [{"value": user_id} for user_id in batch]
        exchange = _membership(group_id, {"op": "add", "path": "members", "value": value}, batch, added=True)
        session.ask(f"add {BATCH} members", exchange)
        ledger.groups[group_id].members.update(batch)

    return task


def _move(ledger: Ledger, user_id: str, teams: list[str], new: str) -> Task:
    def task(session: Session) -> None:
        for old in [team for team in teams if user_id in ledger.groups[team].members and team != new]:
            leaving = {"op": "remove", "path": f'members[value eq "{user_id}"]'}
            session.ask("remove a member", _membership(old, leaving, [user_id], added=False))
            ledger.groups[old].members.discard(user_id)
        joining = {"op": "add", "path": "members", "value": [{"value": user_id}]}
        session.ask("add a member", _membership(new, joining, [user_id], added=True))
        ledger.groups[new].members.add(user_id)

    return task


def _rename(ledger: Ledger, user_id: str, name: str) -> Task:
    return _patch(ledger, user_id, "displayName", name, lambda person: replace(person, display_name=name))


def _patch(ledger: Ledger, user_id: str, attribute: str, value: object, changed: Callable[[Person], Person]) -> Task:
    def task(session: Session) -> None:
        content = patch_body({"op": "replace", "path": attribute, "value": value})
        right = lambda answer: _says(answer, {"id": user_id, attribute: value})  # noqa: E731
        session.ask(f"PATCH {attribute}", Exchange("PATCH", f"/Users/{user_id}", content, 200, right))
        ledger.people[user_id] = changed(ledger.people[user_id])

    return task


def _membership(group_id: str, operation: dict[str, Any], ids: list[str], *, added: bool) -> Exchange:
    """An answer without members is proven by the comparison at the end."""

    def is_right(answer: dict[str, Any]) -> bool:
        members = {one["value"] for one in answer.get("members", ())}
        return set(ids) <= members if added else members.isdisjoint(ids)

    proof = Exchange("GET", f"/Groups/{group_id}", None, 200, is_right)
    return Exchange("PATCH", f"/Groups/{group_id}", patch_body(operation), 200, is_right, proof=proof)


def _says(answer: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether it says the simple values as they were sent."""
    return all(answer.get(name) == value for name, value in wanted.items() if not isinstance(value, list | dict))
