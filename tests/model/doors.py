"""Every door of a small world, one after the other.

Facts change as the use cases change them; who is what then, and whether it may be, the real rules say.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.pushes import pushes
from tests.model.requests import requests
from tests.model.sign_ins import sign_ins, tests
from tests.model.steps import Step
from tests.model.world import World


def steps(world: World) -> Iterator[Step]:
    """Everything that can be asked for, pushed or tried in this world."""
    yield from requests(world)
    yield from pushes(world)
    yield from sign_ins(world)
    yield from tests(world)
