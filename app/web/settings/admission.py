"""Whom single sign-on leaves to be decided: guests, and people who come for the first time."""

from __future__ import annotations

from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.rules.lockout import Guests
from app.services import organizations
from app.services.organizations import Edit
from app.web import request as current
from app.web.settings import overview
from app.web.settings.controls import PAGE
from app.web.settings.plans import Review, decide

pages = Blueprint("admission", __name__)
_BACK = f"{PAGE}#admission"


@pages.post("/settings/guests/allow")
def allow_guests() -> ResponseReturnValue:
    """Guests use emailed codes while single sign-on is required."""
    review = Review(
        "Let guests sign in by email?",
        "Let them in",
        back=_BACK,
        effects=("Members at other domains sign in with a code by email while single sign-on is required.",),
        dangerous=False,
        always=True,
    )
    return _change(Edit(guests=Guests.EMAIL_CODE), review, done="guests-allowed")


@pages.post("/settings/guests/refuse")
def refuse_guests() -> ResponseReturnValue:
    """Guests cannot sign in while single sign-on is required."""
    review = Review(
        "Keep guests out?",
        "Keep them out",
        back=_BACK,
        effects=(
            "While single sign-on is required, members at other domains cannot sign in, and nobody there is invited.",
            "Where it is required now, their sessions end.",
        ),
        always=True,
    )
    return _change(Edit(guests=Guests.REFUSE), review, done="guests-refused")


@pages.post("/settings/new-members/allow")
def allow_new_members() -> ResponseReturnValue:
    """A first sign-in through the identity provider makes a member."""
    return _change(Edit(jit=True), _first_sign_in("Make members of newcomers?", "Make them members"), done="jit-on")


@pages.post("/settings/new-members/refuse")
def refuse_new_members() -> ResponseReturnValue:
    """Whoever is no member yet has to be invited, or pushed by a directory."""
    return _change(Edit(jit=False), _first_sign_in("Keep newcomers out?", "Keep them out"), done="jit-off")


def _first_sign_in(title: str, verb: str) -> Review:
    """It takes nothing from anybody, so it is shown only to whoever asks."""
    return Review(title, verb, back=_BACK, dangerous=False)


def _change(changes: Edit, review: Review, *, done: str) -> ResponseReturnValue:
    planned = organizations.to_edit(current.unit(), current.organization_id(), changes)
    return decide(planned, review, partial(overview.answer, done=done, anchor="admission"))
