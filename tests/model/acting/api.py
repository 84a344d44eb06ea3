"""What an operator asks for, over the JSON API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.rules.actor import OPERATOR
from app.rules.decisions import Refused
from app.services import connections
from tests.model.stage import Stage, connection_settings
from tests.model.steps import Step
from tests.model.world import GROUPS


def ask(stage: Stage, step: Step) -> str | None:
    """Ask for it; the code of the refusal, if it was refused."""
    verb, *arguments = step.action
    return _VERBS[str(verb)](stage, step, *arguments)


def _member_path(stage: Stage, who: int) -> str:
    return f"{stage.path}/members/{stage.rows()[who].id}"


def _code(answer: Any) -> str | None:
    return answer if isinstance(answer, str) else None


def _grant(stage: Stage, _: Step, who: int, slug: str) -> str | None:
    return _code(stage.change("PATCH", _member_path(stage, who), {"role": slug}))


def _suspend(stage: Stage, _: Step, who: int, suspended: bool) -> str | None:
    return _code(stage.change("PATCH", _member_path(stage, who), {"suspended": bool(suspended)}))


def _activate(stage: Stage, _: Step, who: int) -> str | None:
    return _code(stage.change("PATCH", _member_path(stage, who), {"state": "active"}))


def _remove(stage: Stage, _: Step, who: int) -> str | None:
    return _code(stage.change("DELETE", _member_path(stage, who)))


def _invite(stage: Stage, step: Step, who: int, slug: str) -> str | None:
    """Nobody is mailed twice within a minute."""
    stage.world.clock.advance(minutes=2)
    address = stage.address(who, step.after.people[who].host)
    made = stage.call("POST", f"{stage.path}/invitations", {"email": address, "role": slug})
    if isinstance(made, str):
        return made
    stage.invitation_ids[who] = made["id"]
    return None


def _revoke(stage: Stage, _: Step, who: int) -> str | None:
    return _code(stage.call("DELETE", f"{stage.path}/invitations/{stage.invitation_ids.pop(who)}"))


def _map(stage: Stage, step: Step, group: int, slug: str) -> str | None:
    return _add_mappings(stage, step, group, slug) if slug else _remove_mappings(stage, step, group)


def _add_mappings(stage: Stage, step: Step, group: int, slug: str) -> str | None:
    for source, ref in sources(stage, step, group):
        made = stage.change("POST", f"{stage.path}/role-mappings", {"source": source, "group": ref, "role": slug})
        if isinstance(made, str):
            return made
        stage.mapping_ids[group, source] = made["id"]
    return None


def _remove_mappings(stage: Stage, step: Step, group: int) -> str | None:
    for source, mapping in mappings(stage, step, group):
        refused = _code(stage.change("DELETE", f"{stage.path}/role-mappings/{mapping}"))
        if refused:
            return refused
        del stage.mapping_ids[group, source]
    return None


def sources(stage: Stage, step: Step, group: int) -> list[tuple[str, str]]:
    """A group of a small world is one of the directory and one that sign-ins send: both, what counts now first."""
    assert step.known is not None
    refs = {"directory": stage.group_ids[group], "sign_in": GROUPS[group]}
    is_alive = step.known.alive >> group & 1
    return [(source, refs[source]) for source in _counting_first(step) if source == "sign_in" or is_alive]


def mappings(stage: Stage, step: Step, group: int) -> list[tuple[str, str]]:
    """The mappings of a group, by source; what counts now comes first, so that a refusal leaves both."""
    found = stage.mapping_ids
    return [(source, found[group, source]) for source in _counting_first(step) if (group, source) in found]


def _counting_first(step: Step) -> tuple[str, str]:
    assert step.known is not None
    return ("directory", "sign_in") if step.known.directory_on else ("sign_in", "directory")


def _default(stage: Stage, _: Step, slug: str) -> str | None:
    return _code(stage.change("PATCH", stage.path, {"default_role": slug}))


def _guests(stage: Stage, _: Step, allowed: bool) -> str | None:
    return _code(stage.change("PATCH", stage.path, {"guests": "email_code" if allowed else "refuse"}))


def _reorder(stage: Stage, _: Step) -> str | None:
    return _code(stage.change("POST", f"{stage.path}/roles/reorder", {"slugs": ["editor", "admin", "member"]}))


def _directory_on(stage: Stage, _: Step) -> str | None:
    return _code(stage.change("POST", f"{stage.path}/directories/{stage.directory_id}/activate", {}))


def _directory_off(stage: Stage, _: Step) -> str | None:
    return _code(stage.change("POST", f"{stage.path}/directories/{stage.directory_id}/deactivate", {}))


def _directory_deleted(stage: Stage, _: Step) -> str | None:
    refused = _code(stage.change("DELETE", f"{stage.path}/directories/{stage.directory_id}"))
    if refused is None:
        new_directory(stage)
    return refused


def new_directory(stage: Stage) -> None:
    """In place of the one that was deleted; nobody is in it."""
    stage.directory_id, stage.scim = stage.organization.add_directory()
    stage.user_ids.clear()


def _sso_on(stage: Stage, _: Step, who: int) -> str | None:
    acting = {"on_behalf_of": stage.rows()[who].id}
    return _code(stage.change("POST", f"{stage.path}/connections/{stage.connection_id}/activate", acting))


def _sso_off(stage: Stage, _: Step) -> str | None:
    return _code(stage.change("POST", f"{stage.path}/connections/{stage.connection_id}/deactivate", {}))


def _vouch(stage: Stage, step: Step, host: int) -> str | None:
    domain = _claimed(stage, host) or stage.call(
        "POST", f"{stage.path}/domains", {"host": stage.hosts[host], **_on_behalf(stage, step, host)}
    )
    return _code(stage.call("POST", f"{stage.path}/domains/{domain['id']}/verify", {"strategy": "manual"}))


def _claimed(stage: Stage, host: int) -> Any:
    found = stage.call("GET", f"{stage.path}/domains")["data"]
    return next((domain for domain in found if domain["host"] == stage.hosts[host]), None)


def _on_behalf(stage: Stage, step: Step, host: int) -> dict[str, str]:
    """The first domain is that of an administrator at work."""
    for member in stage.rows().values():
        at_work = member.role == "admin" and member.state == "active" and not member.suspended
        if at_work and member.email.endswith(f"@{stage.hosts[host]}"):
            return {"on_behalf_of": member.id}
    return {}


def _remove_domain(stage: Stage, _: Step, host: int) -> str | None:
    return _code(stage.change("DELETE", f"{stage.path}/domains/{_claimed(stage, host)['id']}"))


def _confirm(stage: Stage, _: Step, who: int) -> str | None:
    body = {"on_behalf_of": stage.rows()[who].id}
    return _code(stage.call("POST", f"{stage.path}/recovery-codes/confirm", body))


def _edit(stage: Stage, _: Step) -> str | None:
    """Over the API the settings would be those of a real protocol, so this one is asked of the use case."""
    stage.edits += 1
    verified = stage.organization.verified_hosts()
    at_work = [row for row in stage.rows().values() if row.role == "admin" and row.state == "active"]
    acting = next((row for row in at_work if row.email.partition("@")[2] in verified), None)
    with stage.world.transactions.writing(OPERATOR) as unit:
        outcome = connections.to_edit(
            unit,
            stage.organization.id,
            stage.connection_id,
            name=None,
            settings=connection_settings(f"provider-{stage.edits}"),
            acting=connections.acting_of(acting),
        ).apply()
    return str(outcome.code) if isinstance(outcome, Refused) else None


_VERBS: dict[str, Callable[..., str | None]] = {
    "grant": _grant,
    "suspend": _suspend,
    "activate": _activate,
    "remove": _remove,
    "invite": _invite,
    "revoke": _revoke,
    "map": _map,
    "default": _default,
    "guests": _guests,
    "reorder": _reorder,
    "directory_on": _directory_on,
    "directory_off": _directory_off,
    "directory_deleted": _directory_deleted,
    "sso_on": _sso_on,
    "sso_off": _sso_off,
    "edit": _edit,
    "vouch": _vouch,
    "remove_domain": _remove_domain,
    "confirm": _confirm,
}
