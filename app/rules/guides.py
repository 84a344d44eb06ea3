"""Guided setup of a connection: what to do at an identity provider, one step a screen, in that provider's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.rules.decisions import Allowed, Code, Decision, Refused

#: Setups under way in one organization, up to which another one may be begun.
MOST_UNDER_WAY = 10


@dataclass(frozen=True, slots=True)
class Pasted:
    """One of our values (`key` as in `ServiceProviderValue`), and what the provider calls the field for it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Entered:
    """What to enter or to choose at the provider. `is_code`: it is to be copied letter by letter."""

    label: str
    value: str
    is_code: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the setup form (`name` as in `SetupField`), under the provider's name for it, and where it stands."""

    name: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One screen: sentences in their order up to the values that the last of them speaks of, which are ours or to be
    entered there; those that come after; what to bring back from there.
    """

    title: str
    do: tuple[str, ...]
    then: tuple[str, ...] = ()
    paste: tuple[Pasted, ...] = ()
    enter: tuple[Entered, ...] = ()
    ask: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """How a connection to one product is set up. `name` stands in addresses, and is the protocol and the product.
    `connection` is what the connection is called until somebody renames it, and `filled` has values of the form that
    are the same for everybody there.

    Only the last step asks: what was brought back is saved at once. The test sign-in that follows is no step of a
    guide, because it is the same for all.
    """

    name: str
    title: str
    hint: str
    connection: str
    steps: tuple[GuideStep, ...]
    filled: Mapping[str, str] = field(default_factory=dict)


def read_guides(text: str) -> tuple[Guide, ...]:
    """The guides in a TOML document: `[[guide]]` with its `[[guide.step]]`, under the names that they have here.

    Raises TypeError for a name that there is none of, or that is missing.
    """
    return tuple(_guide(**found) for found in tomllib.loads(text)["guide"])


def _guide(*, step: list[dict[str, Any]], **rest: Any) -> Guide:
    return Guide(steps=tuple(_step(**found) for found in step), **rest)


def _step(
    *,
    title: str,
    do: list[str],
    then: Sequence[str] = (),
    paste: Sequence[dict[str, str]] = (),
    enter: Sequence[dict[str, Any]] = (),
    ask: Sequence[dict[str, str]] = (),
) -> GuideStep:
    return GuideStep(
        title,
        tuple(do),
        then=tuple(then),
        paste=tuple(Pasted(**found) for found in paste),
        enter=tuple(Entered(**found) for found in enter),
        ask=tuple(Asked(**found) for found in ask),
    )


def may_begin(*, under_way: int) -> Decision:
    """Whether another setup may be begun beside those that are under way."""
    if under_way >= MOST_UNDER_WAY:
        return Refused(
            Code.SETUPS_LIMITED,
            f"{under_way} setups of a connection are under way already.",
            fix="Finish one of them, or discard it.",
        )
    return Allowed()
