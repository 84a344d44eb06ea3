"""How often a property is tried: a short, fixed form for the tests, a long one with a seed for the bench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test


@dataclass(frozen=True)
class Amount:
    """Examples of one property. Without a seed they are the same whenever the same modules are loaded: Hypothesis draws
    from their constants too.
    """

    examples: int
    seed: int | None = None

    @property
    def settings(self) -> settings:
        return settings(
            max_examples=self.examples,
            derandomize=self.seed is None,
            database=None,
            deadline=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )

    def seeded(self, test: Callable[..., None]) -> Callable[..., None]:
        return test if self.seed is None else seed(self.seed)(test)


def hold(check: Callable[..., None], amount: Amount, *arguments: st.SearchStrategy[Any]) -> None:
    """Try a property that often; fails with the smallest example that breaks it."""
    amount.seeded(amount.settings(given(*arguments)(check)))()


def walk(machine: Callable[[], RuleBasedStateMachine], amount: Amount, *, steps: int) -> None:
    """Let a state machine run that often."""
    chosen = settings(amount.settings, stateful_step_count=steps)
    amount.seeded(get_state_machine_test(machine, settings=chosen))()  # type: ignore[arg-type]
