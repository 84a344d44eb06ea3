"""Which door a step goes through."""

from __future__ import annotations

from tests.model.acting import api, browser, own, scim
from tests.model.stage import Stage
from tests.model.steps import Door, Step


def act(stage: Stage, step: Step) -> str | None:
    """Do it; the code of the refusal, if it was refused."""
    if step.actor is not None and step.actor.who is not None:
        return own.ask(stage, step)
    if step.door is Door.REQUEST and step.action[0] not in browser.VERBS:
        return api.ask(stage, step)
    happen = scim.push if step.door is Door.PUSH else browser.come
    happen(stage, step)
    return None
