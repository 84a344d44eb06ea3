"""Which attributes of a filter are which columns."""

from __future__ import annotations

from django_scim.filters import GroupFilterQuery, UserFilterQuery


class UserFilter(UserFilterQuery):
    attr_map = {  # noqa: RUF012  # as the library has it
        ("id", None, None): "scim_id",
        ("externalId", None, None): "scim_external_id",
        ("userName", None, None): "username",
        ("displayName", None, None): "display_name",
        ("name", "familyName", None): "last_name",
        ("name", "givenName", None): "first_name",
        ("active", None, None): "is_active",
        ("emails", "value", None): "email",
    }


class GroupFilter(GroupFilterQuery):
    attr_map = {  # noqa: RUF012  # as the library has it
        ("id", None, None): "scim_id",
        ("externalId", None, None): "scim_external_id",
        ("displayName", None, None): "name",
    }
