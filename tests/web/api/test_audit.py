"""The audit log as a feed and as a file: filtered, with the place of each entry in the chain."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from app.rules.actor import OPERATOR
from app.services import audit_chain
from tests.application import World
from tests.scenes import ADA, HOST
from tests.web.api.caller import Api
from tests.web.api.scenes import Scene, begin

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx")


def actions(scene: Scene, **query: Any) -> list[str]:
    return [entry["action"] for entry in scene.api.get(f"{scene.path}/audit", limit=100, **query)["data"]]


def export(scene: Scene, **query: str) -> str:
    answer = scene.api.send("GET", f"{scene.path}/audit/export", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_data(as_text=True)


def rows(scene: Scene, **query: str) -> list[dict[str, str]]:
    """The export as any reader of CSV has it."""
    text = io.StringIO(export(scene, format="csv", **query), newline="")
    return list(csv.DictReader(text, strict=True))


def test_entry_has_its_position_once_it_is_sealed(world: World) -> None:
    scene = begin(world)
    scene.api.patch(scene.path, {"name": "Acme Inc."})
    assert scene.api.get(f"{scene.path}/audit", limit=100)["data"][-1]["position"] is None

    audit_chain.seal(world.transactions)

    entries = scene.api.get(f"{scene.path}/audit", limit=100)["data"]
    assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))


def test_feed_is_filtered(world: World) -> None:
    scene = begin(world)
    scene.api.patch(scene.path, {"name": "Acme Inc."})
    scene.api.refused("DELETE", f"{scene.path}/members/{scene.admin}")

    assert actions(scene, outcome="refused") == ["member.removed"]
    assert actions(scene, subject=scene.organization.id, actor_kind="operator") == ["organization.updated"]
    assert actions(scene, subject="Acme Inc.") == []
    assert actions(scene, subject=HOST) == ["domain.claimed", "domain.verified"]
    assert "member.removed" in actions(scene, subject=ADA)
    assert actions(scene, actor="operator", subject=ADA) == ["member.removed"]
    scene.connect()
    assert actions(scene, actor=ADA) == ["connection.created"]  # by the operator, on her behalf
    assert "connection.created" in actions(scene, actor="operator")
    assert actions(scene, actor="da@acme.test") == []
    assert actions(scene, actor="eve@other.test") == actions(scene, actor_kind="setup_link") == []
    assert set(actions(scene, action="domain.")) == {"domain.claimed", "domain.verified"}
    assert actions(scene, action="domain.", outcome="refused") == []
    assert actions(scene, actor_kind="directory") == []
    assert actions(scene, since="2026-11-23T12:00:01Z") == []
    assert actions(scene, until="2026-11-23T12:00:00Z") == []
    assert actions(scene, since="2026-11-23T12:00:00Z", until="2026-11-23T12:00:01Z") == actions(scene)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome", "sad"),
        ("actor_kind", "robot"),
        ("action", "%"),
        ("subject", ""),
        ("since", "yesterday"),
        ("until", "2026-11-23"),
        ("format", "xlsx"),
    ],
)
def test_wrong_filter_is_refused_by_name(world: World, field: str, value: str) -> None:
    scene = begin(world)
    path = f"{scene.path}/audit/export" if field == "format" else f"{scene.path}/audit"

    assert scene.api.refused("GET", path, status=400, query_string={field: value})["field"] == field


def test_whole_log_is_exported_in_both_formats(world: World) -> None:
    scene = begin(world)
    with world.transactions.writing(OPERATOR) as unit:
        for number in range(1_200):
            unit.audit(scene.organization.id, "role.updated", after={"number": number})
    audit_chain.seal(world.transactions)

    lines = [json.loads(line) for line in export(scene).splitlines()]
    table = rows(scene)

    assert len(lines) == len(table) > 1_200
    assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
    assert [row["id"] for row in table] == [line["id"] for line in lines]
    assert lines[-1]["after"] == json.loads(table[-1]["after"]) == {"number": 1_199}
    assert lines[-1]["at"] == table[-1]["at"] == "2026-11-23T12:00:00Z"
    assert len(rows(scene, action="role.")) == len(rows(scene, action="role.", actor="operator")) == 1_200
    assert rows(scene, action="role.", actor=ADA) == []


def test_export_is_a_file_to_save(world: World) -> None:
    scene = begin(world)

    answer = scene.api.send("GET", f"{scene.path}/audit/export", query_string={"format": "csv"})

    assert answer.headers["Content-Disposition"] == "attachment; filename=audit.csv"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("text", [*FORMULAS, 'with "quotes", commas\r\nand lines', "ordinary"])
def test_csv_holds_every_text_and_no_formula(world: World, text: str) -> None:
    scene = begin(world)
    with world.transactions.writing(OPERATOR) as unit:
        unit.audit(scene.organization.id, "role.updated", reason=text)

    written = export(scene, format="csv")
    (row,) = rows(scene, action="role.")

    assert row["reason"] == (f"'{text}" if text in FORMULAS else text)
    assert written.startswith("position,id,at,")
    assert written.endswith("\r\n")


def test_log_of_another_organization_is_not_exported(world: World) -> None:
    scene, other = begin(world), begin(world, "eve@other.test", "Other")

    assert scene.organization.id not in export(other)
    nobody = "org_00000000000000000000000000"
    assert Api(world).refused("GET", f"/organizations/{nobody}/audit/export", status=404)
    assert Api(world, token="wrong").refused("GET", f"{scene.path}/audit/export", status=401)
