"""A guided setup as pages, wherever they stand: on the settings pages, or for whoever holds a setup link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request

from app.rules.connections import ConnectionKind, ServiceProviderValue, SetupField
from app.rules.decisions import Refused
from app.rules.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError
from app.rules.guides import Guide, GuideStep
from app.rules.ids import ConnectionId
from app.services import connection_setups, connections
from app.services.rows import Connection, ConnectionSetup
from app.services.unit_of_work import UnitOfWork
from app.web import request as current
from app.web.moments import moment
from app.web.presentation.elements import EMPTY_FORM, Choice, Fact, Form
from app.web.presentation.guides import (
    GuideChoicePage,
    GuidePage,
    GuideToReadPage,
    Products,
    SetupUnderWay,
    StepLink,
    StepToRead,
    TestStepPage,
)
from app.web.settings.cards.connections import settings_facts
from app.web.settings.places import Place
from app.web.settings.setup_form import fields_of, nested, uploaded, with_error
from app.web.wording import whoever

_HINTS = {
    "saml": "Most products are set up this way. Choose it when in doubt.",
    "oidc": "For products that give you a client ID and a client secret.",
}
_TEST = "Test sign-in"


def choice_page(place: Place) -> GuideChoicePage:
    """Which product it is to be."""
    protocols = tuple(
        Products(
            kind.title,
            _HINTS.get(kind.protocol, ""),
            tuple(Choice(guide.name, guide.title, guide.hint) for guide in kind.guides()),
        )
        for kind in current.kinds().values()
    )
    return GuideChoicePage(protocols, f"{place.connections}/new", place.back, place.back_label)


def begin(place: Place) -> ConnectionSetup | Refused:
    """Begin a setup by the guide that was chosen. Raises InvalidInputError."""
    chosen = request.form.get("guide", "")
    for kind in current.kinds().values():
        for guide in kind.guides():
            if guide.name == chosen:
                with current.writing() as unit:
                    whose, organization_id = place.acting(unit), place.organization_id()
                    return connection_setups.to_begin(
                        unit, organization_id, guide, protocol=kind.protocol, acting=whose
                    ).apply()
    raise InvalidInputError("Choose one of the products.", field="guide")


def under_way(unit: UnitOfWork, organization_id: str, *, at: str) -> tuple[SetupUnderWay, ...]:
    """What was begun and is not finished; `at` is the address of the connections."""
    return tuple(
        SetupUnderWay(
            id=setup.id,
            title=f"{guide.title}, {kind.title}",
            step=min(setup.step, len(guide.steps)),
            steps=len(guide.steps) + 1,
            begun=moment(setup.begun_at, now=unit.now),
            begun_by=whoever(setup.begun_by),
            href=f"{at}/setup/{setup.id}",
        )
        for setup in connection_setups.all_of(unit, organization_id)
        for kind, guide in [guide_of(setup)]
    )


def open_or_finished(organization_id: str, connection_id: str) -> ConnectionSetup | Connection:
    """The setup, or the connection that came of it. Raises NotFoundError."""
    with current.reading() as unit:
        try:
            return connection_setups.read(unit, organization_id, connection_id)
        except NotFoundError:
            finished = next((row for row in connections.all_of(unit, organization_id) if row.id == connection_id), None)
            if finished is None:
                raise
            return finished


def step_page(setup: ConnectionSetup, place: Place, *, number: int | None = None, form: Form = EMPTY_FORM) -> GuidePage:
    """One step, by default the one where the setup stands; none is shown that nobody has come to."""
    kind, guide = guide_of(setup)
    stands = min(setup.step, len(guide.steps))
    number = min(max(number or stands, 1), stands)
    step = guide.steps[number - 1]
    fields, more = _fields(kind, step)
    return GuidePage(
        id=setup.id,
        title=guide.title,
        protocol=kind.title,
        steps=_links(setup, guide, place, number=number),
        number=number,
        heading=step.title,
        do=step.do,
        then=step.then,
        action=place.setup(setup.id),
        back=place.back,
        back_label=place.back_label,
        paste=_pasted(kind, setup.id, step),
        enter=_entered(step),
        fields=fields,
        more=more,
        form=form if form is not EMPTY_FORM else Form(values={"name": guide.connection, **guide.filled}),
        previous_href=place.setup(setup.id, number - 1) if number > 1 else "",
    )


def is_last(setup: ConnectionSetup, number: int) -> bool:
    """Whether this step brings back what the connection is made of."""
    return number >= len(guide_of(setup)[1].steps)


def go_on(setup: ConnectionSetup, number: int) -> int:
    """On to the step after this one: its number."""
    with current.writing() as unit:
        return connection_setups.go_on(unit, setup.organization_id, setup.id, guide_of(setup)[1], after=number)


def save(setup: ConnectionSetup, place: Place) -> Connection | Refused | GuidePage:
    """Make the connection of what was typed; the step again, with what is wrong, where it makes no sense. Sent
    twice, it is made once.
    """
    typed, (kind, _) = request.form.to_dict(), guide_of(setup)
    try:
        typed |= uploaded()
        settings = kind.read_settings(nested(kind, typed))
        with current.writing() as unit:
            return connections.to_create(
                unit,
                setup.organization_id,
                protocol=kind.protocol,
                name=typed.get("name", ""),
                read=settings,
                acting=place.acting(unit),
                connection_id=setup.id,
            ).apply()
    except ConflictError:
        with current.reading() as unit:
            return connections.read(unit, setup.organization_id, setup.id)
    except (InvalidInputError, UnreachableError) as error:
        return step_page(setup, place, form=with_error(kind, typed, error))


def test_page(connection: Connection, place: Place, settings: Mapping[str, Any]) -> TestStepPage:
    """The test sign-in, with what was understood of the settings that it is about."""
    kind = current.kinds()[connection.protocol]
    return TestStepPage(
        connection_name=connection.name,
        protocol=kind.title,
        facts=settings_facts(kind, settings),
        edit_href=f"{place.connections}/{connection.id}/edit",
        guide_href=place.guide(connection.id),
        action=place.test(connection.id),
        back=place.back,
        back_label=place.back_label,
        afterwards=place.afterwards,
    )


def page_to_read(connection: Connection, place: Place, settings: Mapping[str, Any]) -> GuideToReadPage:
    """The whole guide for the product of a connection, for whoever has to look something up there again."""
    kind = current.kinds()[connection.protocol]
    guide = _named(kind, f"{kind.protocol}-{kind.product(settings)}")
    return GuideToReadPage(
        connection_name=connection.name,
        protocol=kind.title,
        title=guide.title,
        steps=tuple(_step_to_read(kind, connection.id, step) for step in guide.steps),
        edit_href=f"{place.connections}/{connection.id}/edit",
        back=place.back,
        back_label=place.back_label,
    )


def typed_step() -> int | None:
    """The number of a step in the address or in the form; None without one that makes sense."""
    asked = request.values.get("step", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else None


def guide_of(setup: ConnectionSetup) -> tuple[ConnectionKind, Guide]:
    """The guide by which it goes."""
    kind = current.kinds()[setup.protocol]
    return kind, _named(kind, setup.guide)


def _named(kind: ConnectionKind, name: str) -> Guide:
    """The guide of that name; where there is none, the protocol's last one, which is for any product."""
    found = [guide for guide in kind.guides() if guide.name == name]
    return (found or list(kind.guides()))[-1]


def _step_to_read(kind: ConnectionKind, connection_id: str, step: GuideStep) -> StepToRead:
    return StepToRead(step.title, step.do, step.then, _pasted(kind, connection_id, step), _entered(step))


def _links(setup: ConnectionSetup, guide: Guide, place: Place, *, number: int) -> tuple[StepLink, ...]:
    titles = [*(step.title for step in guide.steps), _TEST]
    return tuple(
        StepLink(
            position,
            title,
            href=place.setup(setup.id, position) if position <= setup.step else "",
            is_current=position == number,
            is_done=position < setup.step,
        )
        for position, title in enumerate(titles, start=1)
    )


def _pasted(kind: ConnectionKind, connection_id: str, step: GuideStep) -> tuple[ServiceProviderValue, ...]:
    ours = {value.key: value for value in kind.service_provider_values(ConnectionId(connection_id))}
    return tuple(replace(ours[item.key], label=item.label) for item in step.paste)


def _entered(step: GuideStep) -> tuple[Fact, ...]:
    return tuple(Fact(entry.label, entry.value, is_code=entry.is_code) for entry in step.enter)


def _fields(kind: ConnectionKind, step: GuideStep) -> tuple[tuple[SetupField, ...], tuple[SetupField, ...]]:
    """The fields that this step asks for, under the product's names, and the others of the form."""
    if not step.ask:
        return (), ()
    known = {field.name: field for field in fields_of(kind)}
    asked = tuple(replace(known.pop(item.name), label=item.label, hint=item.hint) for item in step.ask)
    return asked, tuple(known.values())
