"""The people and groups as the identity provider has them, and the pushes that tell Doorward what has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from demo.people import CAST, GROUPS, Person
from demo.scim import PushRefusedError, ScimClient

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What Doorward was last told of somebody, and under which id it keeps them."""

    user_id: str
    person: Person


@dataclass
class Directory:
    """`people` is what is so; a push tells the difference to what was told before. `trouble` is why the last failed."""

    people: dict[str, Person] = field(default_factory=lambda: {person.id: person for person in CAST})
    client: ScimClient | None = None
    done: int = 0
    to_do: int = 0
    trouble: str = ""
    group_ids: dict[str, str] = field(default_factory=dict)
    _told: dict[str, Told] = field(default_factory=dict)
    _members: dict[str, set[str]] = field(default_factory=dict)
    _one_push: threading.Lock = field(default_factory=threading.Lock)
    _under_way: threading.Thread | None = None

    def put(self, people: Iterable[Person]) -> None:
        """Change people, or take new ones on; Doorward learns of it with the next push."""
        self.people = {**self.people, **{person.id: person for person in people}}

    def start_push(self, *, patience: float) -> None:
        """Push in the background; returns when that is done, or after so many seconds while it goes on."""
        self._under_way = threading.Thread(target=self._push_and_note, daemon=True)
        self._under_way.start()
        self._under_way.join(patience)

    @property
    def cast(self) -> list[Person]:
        """Those who have a story."""
        return list(self.people.values())[: len(CAST)]

    @property
    def crowd(self) -> list[Person]:
        """The others, whether they are assigned or not."""
        return list(self.people.values())[len(CAST) :]

    @property
    def is_pushing(self) -> bool:
        return self._under_way is not None and self._under_way.is_alive()

    def _push_and_note(self) -> None:
        try:
            self.push()
        except (PushRefusedError, requests.RequestException) as error:
            self.trouble = str(error)

    def push(self) -> None:
        """Tell Doorward everything that has changed. Raises PushRefusedError."""
        if self.client is None:
            return
        with self._one_push:
            self.trouble = ""
            changed = [person for person in self.people.values() if self._is_news(person)]
            self.done, self.to_do = 0, len(changed)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for told in pool.map(self._tell, changed):
                    self._told[told.person.id] = told
                    self.done += 1
            for name in GROUPS:
                self._tell_group(self.client, name)

    def _is_news(self, person: Person) -> bool:
        told = self._told.get(person.id)
        if told is None:
            return person.assigned
        return (told.person.name, told.person.active) != (person.name, person.active)

    def _tell(self, person: Person) -> Told:
        assert self.client is not None
        told = self._told.get(person.id)
        if told is None:
            return Told(self._introduce(self.client, person), person)
        if told.person.name != person.name:
            self.client.replace_user(told.user_id, person)
        if told.person.active != person.active:
            self.client.set_active(told.user_id, active=person.active)
        return Told(told.user_id, person)

    def _introduce(self, client: ScimClient, person: Person) -> str:
        user_id = client.find_user(person.email)
        if user_id is None:
            return client.create_user(person)
        client.replace_user(user_id, person)
        return user_id

    def _tell_group(self, client: ScimClient, name: str) -> None:
        if name not in self.group_ids:
            self.group_ids[name] = client.create_group(name)
        known = ((told.user_id, self.people[person_id]) for person_id, told in self._told.items())
        wanted = {user_id for user_id, person in known if person.assigned and name in person.memberships}
        before = self._members.get(name, set())
        client.change_members(self.group_ids[name], add=wanted - before, remove=before - wanted)
        self._members[name] = wanted
