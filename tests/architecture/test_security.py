"""docs/security.md, docs/forged-answers.md and docs/pages.md name what there is; and what holds for all code."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.ports.randomness import SystemRandomness
from app.rules import codes as spelling
from app.rules import factors, invitations, limits, recent_authentication, sessions, setup_links
from app.services.recovery import CODES
from app.store.database import Base
from app.web.routes import TABLE, Caller
from tests.application import World
from tests.oidc import cases as oidc_cases
from tests.oidc import logouts as oidc_logouts
from tests.saml import cases as saml_cases
from tests.saml import logouts as saml_logouts

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
#: The last requirement of each section of the chapters 6 and 7 of ASVS 5.0.0.
_SECTIONS = {"6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4}
_SECTIONS |= {"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2}
REQUIREMENTS = [f"{section}.{number}" for section, last in _SECTIONS.items() for number in range(1, last + 1)]
ROWS = re.findall(r"^\| (\d\.\d\.\d+) \| [123] \| .+ \| \*\*(.+?)\*\*\. .+ \| (.*) \|$", PAGE, re.MULTILINE)
FORGED = (ROOT / "docs" / "forged-answers.md").read_text("utf-8")
PAGES = (ROOT / "docs" / "pages.md").read_text("utf-8")
CITED = re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE + FORGED + PAGES)


@pytest.mark.parametrize("path", sorted({path for path, _ in CITED}))
def test_every_test_that_the_page_names_exists(path: str) -> None:
    written = ast.parse((ROOT / path).read_text("utf-8")).body
    there = {node.name for node in written if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}

    assert {name for where, name in CITED if where == path} <= there


def test_every_case_that_the_page_of_forged_answers_names_exists() -> None:
    cases = {f"saml: {case.id}" for case in saml_cases.CASES} | {f"oidc: {case}" for case in oidc_cases.CASES}
    cases |= {f"saml logout: {case.id}" for case in saml_logouts.CASES}
    cases |= {f"oidc logout: {case}" for case in oidc_logouts.LOGOUT_CASES}
    named = set(re.findall(r"`((?:saml|oidc)(?: logout)?: [^`]+)`", FORGED))

    assert named - cases == set()
    assert len(named) > 100


def test_every_requirement_stands_on_the_page_once_and_what_is_missing_is_listed() -> None:
    assert [id_ for id_, *_ in ROWS] == REQUIREMENTS
    assert {standing for _, standing, _ in ROWS} <= {"met", "partly", "not met", "does not apply"}
    assert [id_ for id_, standing, shown in ROWS if standing == "met" and not shown] == []
    missing = re.findall(r"^- \*\*(\d\.\d\.\d+)\*\* ", PAGE, re.MULTILINE)
    assert missing == [id_ for id_, standing, _ in ROWS if standing in {"partly", "not met"}]


def test_every_way_in_stands_on_the_page(world: World) -> None:
    """Every route that is open to strangers or identity providers, but for files."""
    doors = {
        rule.rule
        for rule in world.program.app.url_map.iter_rules()
        for route in TABLE[rule.endpoint].values()
        if route.caller in {Caller.ANYONE, Caller.PROVIDER} and rule.endpoint != "static"
    }

    assert {door for door in doors if f"`{door}`" not in PAGE} == set()


def test_limits_on_the_page_are_those_of_the_code() -> None:
    rows = {
        "emailed code": (
            f"{sessions.CODE_DIGITS} digits, {_minutes(sessions.FLOW)} minutes, {sessions.CODE_ATTEMPTS} wrong ones"
        ),
        "codes sent to one address": f"{sessions.CODES_PER_WINDOW} in {_minutes(sessions.CODE_WINDOW)} minutes",
        "codes from one network address": (
            f"{limits.CODES_ASKED_FOR.most} asked for and {limits.WRONG_CODES.most} wrong ones in"
            f" {_minutes(limits.WRONG_CODES.window)} minutes"
        ),
        "code of the app": (
            f"{factors.WRONG_IN_A_ROW} wrong in a row lock it for {_minutes(factors.LOCK)} minutes,"
            f" {factors.WRONG_IN_A_DAY} within a day"
        ),
        "backup and recovery codes": f"{spelling.LENGTH * 5} bits each",
        "recovery codes in a drill": f"{sessions.CODE_ATTEMPTS} wrong in {_minutes(sessions.CODE_WINDOW)} minutes",
        "links": (
            f"start and recovery {_hours(sessions.ONE_TIME_LINK)} hours, invitation {invitations.LIFETIME.days} days,"
            f" setup link {setup_links.LIFETIME.days} days"
        ),
        "setup links opened from one network address": (
            f"{limits.LINKS_OPENED.most} in {_minutes(limits.LINKS_OPENED.window)} minutes"
        ),
        "session": (
            f"idle {sessions.IDLE_MINUTES // 60} hours, at most {sessions.ABSOLUTE_HOURS // 24} days, recovery"
            f" {_minutes(sessions.RECOVERY)} minutes; an organization may have {sessions.SHORTEST_IDLE_MINUTES} minutes"
            f" or more, and up to {sessions.LONGEST_HOURS // 24} days"
        ),
        "giving power, taking a protection away": (
            f"asked who they are within {_minutes(recent_authentication.RECENT)} minutes"
        ),
    }

    for what, limit in rows.items():
        assert f"| {what} | {limit}" in PAGE, what


def test_codes_are_as_long_as_they_must_be() -> None:
    """ASVS 6.5.2 and 6.5.4: 112 bits where a plain hash is kept, six digits where it is mailed."""
    drawn = [SystemRandomness().key(spelling.LENGTH) for _ in range(200)]

    assert {len(code) for code in drawn} == {spelling.LENGTH}
    assert len(set("".join(drawn))) ** spelling.LENGTH >= 2**112
    assert len(SystemRandomness().digits(sessions.CODE_DIGITS)) >= 6
    assert factors.BACKUP_CODES == CODES == 10


@pytest.mark.parametrize("top", ["app", "scim", "saml", "oidc", "config"])
def test_nothing_of_the_product_draws_from_a_predictable_source(top: str) -> None:
    imported = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in _imported(node)
    }

    assert {(path, name) for path, name in imported if name.partition(".")[0] == "random"} == set()


def test_no_table_keeps_a_password_and_no_page_asks_for_one() -> None:
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    assert [name for name in columns if re.search("password|passphrase|question|answer", name)] == []

    for template in (ROOT / "app" / "web" / "templates").rglob("*.html"):
        asked = re.findall(r"""name="password"|kind="password"|field\("[^"]*password""", template.read_text("utf-8"))
        assert asked == [], template.name


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _minutes(time: timedelta) -> int:
    return time // timedelta(minutes=1)


def _hours(time: timedelta) -> int:
    return time // timedelta(hours=1)
