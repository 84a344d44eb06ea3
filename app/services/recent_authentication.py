"""Whether whoever acts was asked lately who they are, for what they are about to do."""

from __future__ import annotations

from app.rules import recent_authentication as rule
from app.rules.decisions import ALLOWED, Decision, Refused
from app.services.unit_of_work import UnitOfWork


def judge(unit: UnitOfWork, action: str, *, first: Decision = ALLOWED, is_sensitive: bool = False) -> Decision:
    """What `first` says where it refuses; else whether they were asked lately, if the change asks that."""
    if isinstance(first, Refused):
        return first
    return rule.judge(unit.actor, action, now=unit.now, is_sensitive=is_sensitive)
