"""What of a test sign-in looks as if it were set up otherwise than meant: nothing is refused for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from app.rules.connections import Settings
from saml.attributes import DISPLAY_NAME, EMAIL, FIRST_NAME, GROUPS, LAST_NAME, AttributeNames, is_address

Received = Mapping[str, Sequence[str]]
# What people who name attributes call groups, beside the usual names, which are looked at anyway.
_MAYBE_GROUPS = re.compile(r"group|role|team|department|memberof", re.IGNORECASE)


def advise(received: Received, settings: Settings) -> tuple[str, ...]:
    """Sentences for the administrator, the most likely mistake first."""
    names = AttributeNames(**settings.get("attributes", {}))
    return tuple(filter(None, (_swapped(received, names), _address_as_name(received, names), _groups(received, names))))


def _swapped(received: Received, names: AttributeNames) -> str:
    """First and last name against the address: ada.lovelace@ is hardly called Lovelace Ada."""
    first, first_from = _only(received, names.first_name, FIRST_NAME)
    last, last_from = _only(received, names.last_name, LAST_NAME)
    address, _ = _only(received, names.email, EMAIL)
    parts = re.split(r"[._-]", address.partition("@")[0].lower())
    if len(parts) != 2 or parts[0] == parts[1] or [last.lower(), first.lower()] != parts:
        return ""
    return (
        f"First and last name look swapped: {first_from} is “{first}” and {last_from} is “{last}”, but the address "
        f"is {address}. Let the identity provider send them the other way round."
    )


def _address_as_name(received: Received, names: AttributeNames) -> str:
    value, sent_as = _only(received, names.display_name, DISPLAY_NAME)
    if not is_address(value):
        return ""
    return (
        f"People would be called by their address: {sent_as} is “{value}”. Send their name in it, or only a first "
        "and a last name."
    )


def _groups(received: Received, names: AttributeNames) -> str:
    """One value that is a list, or an attribute that may hold groups and is not looked at."""
    value, sent_as = _only(received, names.groups, GROUPS)
    if names.groups_separator is None and (separator := next((sign for sign in ",;" if sign in value), "")):
        several = f"If those are several groups, enter “{separator}” as Separator of groups."
        return f"{sent_as} is one value, “{value}”. {several}"
    if _sent(received, names.groups, GROUPS):
        return ""
    found = [name for name in received if _MAYBE_GROUPS.search(name) and name.lower() not in GROUPS]
    if not found:
        return ""
    return f"No groups were found. If {_listed(found)} holds them, enter that as Attribute with the groups."


def _only(received: Received, chosen: str | None, usual: Iterable[str]) -> tuple[str, str]:
    """The one value, and the name of its attribute; empty texts where there is none, or more than one."""
    found = [(values[0], name) for name, values in _sent(received, chosen, usual) if len(values) == 1]
    return found[0] if len(found) == 1 else ("", "")


def _sent(received: Received, chosen: str | None, usual: Iterable[str]) -> list[tuple[str, Sequence[str]]]:
    if chosen is not None:
        return [(chosen, received[chosen])] if chosen in received else []
    return [(name, values) for name, values in received.items() if name.lower() in usual]


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f"“{name}”" for name in names[:3])
