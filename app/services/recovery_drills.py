"""Drills: whether a recovery code would work, without spending it, and what is remembered of that."""

from __future__ import annotations

from datetime import timedelta

from app.rules.errors import TooManyError
from app.rules.recovery import wait_for_drill
from app.rules.sessions import CODE_WINDOW
from app.services import recovery
from app.services.unit_of_work import UnitOfWork
from app.store import recovery_drills
from app.store.recovery_drills import RecoveryDrills


def drill(unit: UnitOfWork, organization_id: str, *, code: str) -> bool:
    """Whether `code` would work now. Raises TooManyError after too many wrong ones, which are counted one after the
    other.
    """
    unit.lock(organization_id)
    drills = _drills(unit, organization_id)
    wait = wait_for_drill(wrong=drills.wrong, since=drills.wrong_since, now=unit.now)
    if wait is not None:
        minutes = max(1, round(wait / timedelta(minutes=1)))
        raise TooManyError(
            f"Too many wrong codes. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
            retry_after=max(1, round(wait.total_seconds())),
        )
    good = recovery.is_unused(unit, organization_id, code=code)
    if good:
        drills.good_at, drills.good_by = unit.now, unit.actor.label
    else:
        _count_wrong(unit, drills)
    unit.audit(organization_id, "recovery_codes.drilled", after={"good": good})
    return good


def _count_wrong(unit: UnitOfWork, drills: RecoveryDrills) -> None:
    if drills.wrong_since is None or unit.now - drills.wrong_since >= CODE_WINDOW:
        drills.wrong, drills.wrong_since = 0, unit.now
    drills.wrong += 1


def _drills(unit: UnitOfWork, organization_id: str) -> RecoveryDrills:
    drills = recovery_drills.of(unit.session, organization_id)
    if drills is None:
        drills = RecoveryDrills(organization_id=organization_id, good_by="", wrong=0)
        unit.session.add(drills)
    return drills
