"""The pages of a guided setup, and what of it stands on the page that lists connections."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.connections import ServiceProviderValue, SetupField
from app.web.presentation.elements import EMPTY_FORM, Choice, Fact, Form, Moment


@dataclass(frozen=True, slots=True)
class SetupUnderWay:
    """A setup that somebody has begun and nobody has finished. `step` of `steps` is where it stands."""

    id: str
    title: str
    step: int
    steps: int
    begun: Moment
    begun_by: str
    href: str


@dataclass(frozen=True, slots=True)
class Products:
    """The guides of one protocol: value = name of the guide, label = product, hint = what tells it from its twins."""

    protocol: str
    hint: str
    guides: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class GuideChoicePage:
    """settings/guide_choice.html: which product it is. `action` is where the choice is posted; `back` is the page that
    lists the connections, under `back_label`.
    """

    protocols: tuple[Products, ...]
    action: str
    back: str
    back_label: str


@dataclass(frozen=True, slots=True)
class StepLink:
    """One step in the list of all; `href` is "" for those that nobody has come to."""

    number: int
    title: str
    href: str = ""
    is_current: bool = False
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class GuidePage:
    """settings/guide_step.html: one step. `paste` and `enter` go to the provider; `fields` come from there, and `more`
    are those that few need. They are filled in with `form`, only in the last step.
    """

    id: str
    title: str
    protocol: str
    steps: tuple[StepLink, ...]
    number: int
    heading: str
    do: tuple[str, ...]
    then: tuple[str, ...]
    action: str
    back: str
    back_label: str
    paste: tuple[ServiceProviderValue, ...] = ()
    enter: tuple[Fact, ...] = ()
    fields: tuple[SetupField, ...] = ()
    more: tuple[SetupField, ...] = ()
    form: Form = EMPTY_FORM
    previous_href: str = ""


@dataclass(frozen=True, slots=True)
class StepToRead:
    """One step of a guide that is read again: what to do before and after the values that are entered there."""

    heading: str
    do: tuple[str, ...]
    then: tuple[str, ...]
    paste: tuple[ServiceProviderValue, ...]
    enter: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class GuideToReadPage:
    """settings/guide_to_read.html: how a connection that is there was set up. What was brought back is changed at
    `edit_href`.
    """

    connection_name: str
    protocol: str
    title: str
    steps: tuple[StepToRead, ...]
    edit_href: str
    back: str
    back_label: str


@dataclass(frozen=True, slots=True)
class TestStepPage:
    """settings/guide_test.html: the end of every setup. `facts` are what was understood of what was brought back,
    `action` begins the test, `afterwards` says what follows it.
    """

    connection_name: str
    protocol: str
    facts: tuple[Fact, ...]
    edit_href: str
    guide_href: str
    action: str
    back: str
    back_label: str
    afterwards: str
