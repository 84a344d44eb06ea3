"""The blueprints of the pages for holders of setup links."""

from __future__ import annotations

from flask import Blueprint

from app.web.setup import directory, door, sso


def setup_pages() -> tuple[Blueprint, ...]:
    """The door, and one blueprint for each scope."""
    return door.pages, sso.pages, directory.pages
