"""The control page: what the administrators of the company would do at their provider, and what goes wrong there."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from demo.identity_provider import IdentityProvider
from demo.post_office import PostOffice


def control_page(provider: IdentityProvider, *, doorward: str, office: PostOffice) -> Blueprint:
    """One page, and a form for each thing that can be done."""
    pages = Blueprint("control", __name__)

    @pages.get("/")
    def show() -> ResponseReturnValue:
        return "x"

    return pages
