"""What an identity provider pushes into a real directory, over SCIM."""

from __future__ import annotations

from tests.model.stage import Stage
from tests.model.steps import Step
from tests.model.world import NAMES


def push(stage: Stage, step: Step) -> None:
    """Push it; every answer is a success."""
    scim, (verb, which, *group) = stage.scim, step.action
    if verb == "delete_group":
        assert scim.request("DELETE", f"/Groups/{stage.group_ids[int(which)]}").status_code == 204
        return
    who = int(which)
    match verb:
        case "create_active" | "create_inactive":
            address = stage.address(who, step.after.people[who].listed_host)
            stage.user_ids[who] = scim.add_user(address, active=verb == "create_active", external_id=NAMES[who])
        case "deactivate" | "reactivate":
            scim.set_active(stage.user_ids[who], verb == "reactivate")
        case "delete":
            assert scim.request("DELETE", f"/Users/{stage.user_ids.pop(who)}").status_code == 204
        case "move":
            value = [{"value": stage.address(who, step.after.people[who].listed_host), "primary": True}]
            scim.patch(f"/Users/{stage.user_ids[who]}", {"op": "replace", "path": "emails", "value": value})
        case "join":
            scim.add_member(stage.group_ids[int(group[0])], stage.user_ids[who])
        case "leave":
            scim.remove_member(stage.group_ids[int(group[0])], stage.user_ids[who])
