"""What the stock adapters of django-scim2 leave out and every identity provider sends.

The rest of a user's document, displayName, and members of groups: added many at once, removed by a path with a filter.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django_scim.adapters import SCIMGroup, SCIMUser
from django_scim.exceptions import BadRequestError

from bench.peers.django_site.models import User

#: What the stock adapter writes into columns, and what the server alone decides.
_IN_COLUMNS = {"id", "meta", "schemas", "externalId", "userName", "displayName", "name", "emails", "active", "groups"}


class UserAdapter(SCIMUser):
    @property
    def display_name(self) -> str:
        return str(self.obj.display_name or super().display_name)

    @property
    def emails(self) -> list[dict[str, Any]]:
        return [{"value": self.obj.email, "type": "work", "primary": True}]

    def to_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = super().to_dict()
        document.update(self.obj.rest)
        document["schemas"] = [*document["schemas"], *(key for key in self.obj.rest if key.startswith("urn:"))]
        return document

    def from_dict(self, d: dict[str, Any]) -> None:
        super().from_dict(d)
        self.obj.display_name = d.get("displayName", "")
        self.obj.rest = {name: value for name, value in d.items() if name not in _IN_COLUMNS}


class GroupAdapter(SCIMGroup):
    def from_dict(self, d: dict[str, Any]) -> None:
        super().from_dict(d)
        self._pushed = [member["value"] for member in d.get("members", ())]

    def save(self) -> None:
        with transaction.atomic():
            super().save()
            self.obj.user_set.add(*self._users(self._pushed))

    def parse_path_and_values(self, path: str | None, value: Any) -> list[Any]:
        """`members[value eq "1"]` is more than the library's paths hold: the members are named by the value instead."""
        if path and path.startswith("members[value eq "):
            return [(self.split_path("members"), [{"value": path.split('"')[1]}])]
        found: list[Any] = super().parse_path_and_values(path, value)
        return found

    def handle_add(self, path: Any, value: Any, operation: dict[str, Any]) -> None:
        self.obj.user_set.add(*self._users([member["value"] for member in value]))

    def handle_remove(self, path: Any, value: Any, operation: dict[str, Any]) -> None:
        self.obj.user_set.remove(*self._users([member["value"] for member in value]))

    def _users(self, ids: list[str]) -> list[int]:
        found = list(User.objects.filter(scim_id__in=ids).values_list("id", flat=True))
        if len(found) != len(set(ids)):
            raise BadRequestError("A member is not a user")
        return found
