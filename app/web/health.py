"""For operators and load balancers: is the process alive, and can it reach its database."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from app.web import request as current

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def live() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@pages.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers too."""
    current.unit().session.execute(text("SELECT 1"))
    return {"status": "ok"}
