"""The control page: what the company's administrators do at their provider, and what goes wrong there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import requests
from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug import Response

from demo.api import ApiError
from demo.people import ADMINISTRATORS, CAST, CROWD_SIZE, Person, crowd
from demo.town import NotNowError, Town

_PATIENCE_SECONDS = 3.0
_LETTERS_SHOWN = 12
_LONGEST_NAME = 60

#: What can be done with one person.
_CHANGES: Mapping[str, Callable[[Person], Person]] = {
    "assign": lambda person: replace(person, assigned=True),
    "unassign": lambda person: replace(person, assigned=False),
    "suspend": lambda person: replace(person, suspended=True),
    "restore": lambda person: replace(person, suspended=False),
    "promote": lambda person: replace(person, groups=person.groups | {ADMINISTRATORS}),
    "demote": lambda person: replace(person, groups=person.groups - {ADMINISTRATORS}),
}


def control_page(town: Town) -> Blueprint:
    """One page, and a form for each thing that can be done."""
    pages = Blueprint("control", __name__)
    directory, keys = town.directory, town.provider.keys

    @pages.get("/")
    def show() -> ResponseReturnValue:
        return render_template(
            "control.html",
            town=town,
            administrators=ADMINISTRATORS,
            rest=sum(person.assigned for person in directory.crowd),
            crowd_size=CROWD_SIZE,
            members=_members(town),
            letters=list(reversed(town.office.letters))[:_LETTERS_SHOWN],
        )

    @pages.post("/people/<person_id>/<change>")
    def change_person(person_id: str, change: str) -> ResponseReturnValue:
        person = directory.people.get(person_id) or abort(404)
        changed = _CHANGES.get(change) or abort(404)
        return _push(town, changed(person))

    @pages.post("/people/<person_id>/rename")
    def rename(person_id: str) -> ResponseReturnValue:
        person = directory.people.get(person_id) or abort(404)
        first, _, last = request.form.get("name", "").strip()[:_LONGEST_NAME].partition(" ")
        is_name = bool(first and last) and f"{first} {last}".isprintable()
        return _push(town, replace(person, first_name=first, last_name=last)) if is_name else redirect("/")

    @pages.post("/crowd")
    def push_crowd() -> ResponseReturnValue:
        return _push(town, *crowd())

    @pages.post("/nobody")
    def remove_everybody() -> ResponseReturnValue:
        return _push(town, *(replace(person, assigned=False) for person in directory.people.values()))

    @pages.post("/anew")
    def bring_back() -> ResponseReturnValue:
        keys.broken = False
        return _push(town, *CAST, *(replace(person, assigned=False) for person in directory.crowd))

    @pages.post("/certificate")
    def change_certificate() -> ResponseReturnValue:
        keys.broken = not keys.broken
        return redirect("/#provider")

    @pages.post("/protocol")
    def change_protocol() -> ResponseReturnValue:
        directory.trouble = ""
        try:
            town.require("saml" if town.required == "oidc" else "oidc")
        except (ApiError, NotNowError) as error:
            directory.trouble = str(error)
        return redirect("/#provider")

    return pages


def _push(town: Town, *changed: Person) -> Response:
    """A change at the provider, and what it leads to: the push that tells Doorward."""
    if not town.directory.is_pushing:  # one at a time; the page says that one is under way
        town.directory.put(changed)
        town.directory.start_push(patience=_PATIENCE_SECONDS)
    return redirect("/")


def _members(town: Town) -> dict[str, Any]:
    """By address, what Doorward has made of people; those who came first are all that is shown."""
    try:
        return {member["email"]: member for member in town.api.get(f"{town.path}/members", limit="50")["data"]}
    except (ApiError, requests.RequestException):
        return {}
