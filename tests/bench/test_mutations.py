"""The mutants of bench.mutants: each is the module with one thing changed, and none is the module itself."""

from __future__ import annotations

import ast

import pytest

from bench.mutants import NO_CHANGE, RULES
from bench.mutations import ROOT, mutants_of

MODULES = [f"app.rules.{name}" for name in RULES]


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_compiles_and_differs_from_the_module(module: str) -> None:
    original = ast.unparse(ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text("utf-8")))
    sources = [mutant.source for mutant in mutants_of(module)]

    assert sources
    assert original not in sources
    for source in sources:
        compile(source, module, "exec")


def test_mutant_that_is_listed_as_no_change_is_still_there() -> None:
    names = {mutant.name for module in MODULES for mutant in mutants_of(module)}

    assert NO_CHANGE.keys() <= names


def test_conditions_comparisons_operands_and_answers_are_each_changed() -> None:
    said = {(mutant.place, mutant.before, mutant.after) for mutant in mutants_of("app.rules.members")}

    assert ("may_recover", "state is MemberState.ACTIVE", "state is not MemberState.ACTIVE") in said
    assert ("may_recover", "is_admin and state is MemberState.ACTIVE", "is_admin") in said
    assert ("may_recover", "not suspended", "suspended") in said
    assert ("state_listed", "if listing is Listing.ACTIVE:", "if False:") in said
    assert ("state_listed", "return state", "return None") in said
