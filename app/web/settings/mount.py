"""The blueprints of the settings pages."""

from __future__ import annotations

from flask import Blueprint

from app.web.settings import (
    activity,
    admission,
    alarms,
    audit,
    authentication,
    connections,
    directories,
    domains,
    invitations,
    keys,
    member,
    members,
    readiness,
    revisions,
    role_mappings,
    roles,
    scim_requests,
    setup_links,
    sign_ins,
)


def settings_pages() -> tuple[Blueprint, ...]:
    """One blueprint for each noun."""
    nouns = (
        authentication,
        domains,
        connections,
        revisions,
        admission,
        readiness,
        directories,
        scim_requests,
        role_mappings,
        members,
        member,
        invitations,
        roles,
        keys,
        setup_links,
        activity,
        sign_ins,
        alarms,
        audit,
    )
    return tuple(noun.pages for noun in nouns)
