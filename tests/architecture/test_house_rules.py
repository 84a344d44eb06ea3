"""Rules of the house that no tool knows: routes, packages, refusal codes, documentation."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from flask import Flask

from app.rules import event_document
from app.rules.decisions import Code
from app.web.request import UnlistedRouteError, guard_routes
from app.web.routes import TABLE
from config.document import page
from tests.application import World

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent
    for top in ("app", "scim", "saml", "oidc", "config", "demo")
    for path in (ROOT / top).rglob("*.py")
    if "migrations" not in path.parts
)


def test_every_route_of_the_table_exists_and_every_route_is_in_the_table(world: World) -> None:
    routed: dict[str, set[str]] = {}
    for rule in world.program.app.url_map.iter_rules():
        routed.setdefault(rule.endpoint, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})

    assert routed == {endpoint: set(methods) for endpoint, methods in TABLE.items()}


def test_route_that_is_not_in_the_table_stops_the_start(world: World) -> None:
    app = Flask("unlisted", static_folder=None)
    app.add_url_rule("/surprise", "surprise", lambda: "", methods=["GET", "POST"])

    with pytest.raises(UnlistedRouteError, match="/surprise"):
        guard_routes(app, world.program.app.extensions["doorward"], {"surprise": TABLE["sign_in.home"]})


@pytest.mark.parametrize("package", sorted(set(PACKAGES)), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_package_says_what_it_owns_and_every_module_opens_with_a_sentence(package: Path) -> None:
    for module in package.glob("*.py"):
        docstring = ast.get_docstring(ast.parse(module.read_text("utf-8")))
        assert docstring, f"{module.relative_to(ROOT)} has no docstring"
        assert docstring.strip().endswith((".", ":", ")", "`", "!")), f"{module.relative_to(ROOT)}: {docstring!r}"
    init = package / "__init__.py"
    assert init.exists(), f"{package.relative_to(ROOT)} is not a package"
    assert not [node for node in ast.parse(init.read_text("utf-8")).body if not isinstance(node, ast.Expr)]


def test_every_refusal_code_has_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    untested = [code for code in Code if f"Code.{code.name}" not in tests and f'"{code.value}"' not in tests]

    assert untested == []


def test_settings_page_tells_what_the_code_does() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == page()


def test_page_of_events_tells_what_the_code_does() -> None:
    assert (ROOT / "docs" / "events.md").read_text("utf-8") == event_document.page()
