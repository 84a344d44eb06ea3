"""Alarms as JSON: a directory that has deactivated or demoted many people in a short time."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.rules.mass_changes import Loss
from app.services import mass_changes, organizations
from app.services.rows import MassChange, PersonRow
from app.web import request as current
from app.web.api.operations import operation
from app.web.api.paging import Page, PageQuery, page
from app.web.api.shapes import Answer, ChangeBody

_PATH = "/organizations/{org}/alarms"


class AlarmAnswer(Answer):
    id: str
    directory_id: str
    people: int = Field(description="How many people had lost something when the alarm was raised.")
    managed: int = Field(description="How many active people the directory managed before.")
    began_at: datetime
    latest_at: datetime = Field(description="When somebody last lost something in the same burst.")
    raised_at: datetime
    dismissed_at: datetime | None
    dismissed_by: str | None


class LostPersonAnswer(Answer):
    id: str = Field(description="The member's id.")
    name: str
    email: str
    loss: Loss
    role_before: str
    role_after: str
    at: datetime


@operation("GET", _PATH, query=PageQuery, answer=Page[AlarmAnswer])
def list_alarms(org: str, query: PageQuery) -> Page[AlarmAnswer]:
    """List the organization's alarms, dismissed ones too, oldest first.

    One is raised when a directory deactivates or demotes more than five people, and more than a fifth of those whom it
    manages, within ten minutes. Dismissed ones are kept for 90 days.
    """
    unit = current.unit()
    organizations.read(unit, org)
    return page(query, lambda after, limit: mass_changes.page(unit, org, after=after, limit=limit), show_alarm)


@operation("GET", _PATH + "/{alm}", answer=AlarmAnswer)
def read_alarm(org: str, alm: str) -> AlarmAnswer:
    """Read one alarm."""
    return show_alarm(mass_changes.read(current.unit(), org, alm))


@operation("GET", _PATH + "/{alm}/people", query=PageQuery, answer=Page[LostPersonAnswer])
def list_alarm_people(org: str, alm: str, query: PageQuery) -> Page[LostPersonAnswer]:
    """List the people an alarm is about, those too who came in the same burst after it was raised."""
    unit = current.unit()
    return page(query, lambda after, limit: mass_changes.people(unit, org, alm, after=after, limit=limit), _show_person)


@operation("POST", _PATH + "/{alm}/dismiss", body=ChangeBody, answer=AlarmAnswer)
def dismiss_alarm(org: str, alm: str) -> AlarmAnswer:
    """Dismiss an alarm: it leaves the settings page; what the directory takes from now on counts anew."""
    return show_alarm(mass_changes.dismiss(current.unit(), org, alm))


def show_alarm(alarm: MassChange) -> AlarmAnswer:
    """An alarm as JSON."""
    return AlarmAnswer.of(alarm)


def _show_person(person: PersonRow) -> LostPersonAnswer:
    return LostPersonAnswer.of(person)


OPERATIONS = (list_alarms, read_alarm, list_alarm_people, dismiss_alarm)
