"""Thirty users and six groups with awkward values, always the same, pushed into a directory and kept by the model."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.scim.application import ENTERPRISE, GROUP, USER, Answer, Pushing
from tests.scim.model.directory import Directory, comparable

_NAMES = [
    "ada@acme.example",
    "Ada.Lovelace@ACME.example",
    "o'brien@acme.example",
    "jose\u0301@acme.example",
    "100%_$@acme.example",
    'quote"back\\slash',
    "Ἀθηνᾶ",
    "İstanbul",
    "STRASSE",
    "straße",
    "\U0001f600@smile.example",
    "  leading and trailing  ",
    "tab\tnew\nline",
    "null",
    "true",
    "and",
    "]",
    ") or (id pr",
    "é" * 300,
    "ǰ",
]
_WORDS = ["", "Engineer", "engineer", "ENGINEER II", "Ärztin ", "a_b%c", "\u212b", "Å", "ﬁ", "10", "9", "x" * 500]
_URLS = ["https://acme.example/Ada", "https://acme.example/ada", "https://acme.example/%C3%84?a=b"]
_TYPES = ["work", "home", "other", "WORK", ""]
_PLURAL = ("emails", "phoneNumbers", "ims", "entitlements", "roles")


def bodies() -> list[dict[str, Any]]:
    """The users' bodies."""
    chance = random.Random(7)
    return [_body(f"user{number}" if number >= len(_NAMES) else _NAMES[number], chance) for number in range(30)]


def _body(name: str, chance: random.Random) -> dict[str, Any]:
    body: dict[str, Any] = {"schemas": [USER, ENTERPRISE], "userName": name}
    for attribute in ("displayName", "nickName", "title", "userType", "locale"):
        if chance.random() < 0.6:
            body[attribute] = chance.choice(_WORDS)
    if chance.random() < 0.4:
        body["profileUrl"] = chance.choice(_URLS)
        body["photos"] = [{"value": chance.choice(_URLS), "type": chance.choice(_TYPES)}]
    if chance.random() < 0.5:
        body["externalId"] = f"{chance.choice(['Ext', 'ext', 'É'])}-{name}"
    if chance.random() < 0.8:
        body["active"] = chance.random() < 0.7
    if chance.random() < 0.6:
        parts = chance.sample(["givenName", "familyName", "formatted", "middleName"], 2)
        body["name"] = {part: chance.choice(_WORDS) for part in parts}
    for attribute in _PLURAL:
        body[attribute] = _entries(chance, "value", "display")
    body["addresses"] = _entries(chance, "locality", "country")
    if chance.random() < 0.2:
        body["x509Certificates"] = [{"value": chance.choice(["YQ==", "YWI=", "AAE="]), "type": "work"}]
    if chance.random() < 0.5:
        body[ENTERPRISE] = _extension(chance)
    return body


def _extension(chance: random.Random) -> dict[str, Any]:
    extension: dict[str, Any] = {name: chance.choice(_WORDS) for name in ("department", "employeeNumber")}
    manager = {"manager": {"value": chance.choice(["m1", "M1", "m2"])}} if chance.random() < 0.5 else {}
    return extension | manager


def _entries(chance: random.Random, *parts: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        entry: dict[str, Any] = {part: chance.choice(_WORDS) for part in parts if chance.random() < 0.8}
        if chance.random() < 0.8:
            entry["type"] = chance.choice(_TYPES)
        if chance.random() < 0.3:
            entry["primary"] = False
        entries.append(entry or {"type": "work"})
    if entries and chance.random() < 0.5:
        chance.choice(entries)["primary"] = True
    return entries


def populated(pushing: Pushing) -> Directory:
    """The directory after everything was pushed; each answer is what the model keeps."""
    directory = Directory()
    for body in bodies():
        pushed(pushing, directory, USER, body)
    users = directory.ids()
    chance = random.Random(8)
    for number, name in enumerate(["Admins", "admins and others", "Everyone", "Nobody", "Ä", "100%_"]):
        size = [3, 10, 30, 0, 1, 5][number]
        members = [{"value": user} for user in chance.sample(users, size)]
        external = {"externalId": f"G-{number}"} if number % 2 else {}
        pushed(pushing, directory, GROUP, {"schemas": [GROUP], "displayName": name, "members": members, **external})
    return directory


def pushed(pushing: Pushing, directory: Directory, schema: str, body: dict[str, Any]) -> str:
    """POST to both; returns the id."""
    kept = directory.create(schema, body)
    answer = pushing.post("/Users" if schema == USER else "/Groups", body)
    assert answer.status_code == 201, (json.dumps(body), answer.text)
    resource_id = directory.admit(kept, answer.json)
    check_same(answer.json, directory.view(resource_id))
    return resource_id


def expect(answer: Answer, status: int) -> None:
    """Fail unless this is the status, showing what was said instead."""
    assert answer.status_code == status, answer.text


def check_same(answered: dict[str, Any], expected: dict[str, Any]) -> None:
    """Fail unless the endpoint answers what the model holds; dates and links are other tests' business."""
    facts = [{name: one["meta"].get(name) for name in ("version", "created")} for one in (answered, expected)]
    first, second = ({**comparable(one), "meta": meta} for one, meta in zip((answered, expected), facts, strict=True))
    different = {
        name: (first.get(name), second.get(name)) for name in first | second if first.get(name) != second.get(name)
    }
    assert not different, f"answered and expected: {different}"


def whole(pushing: Pushing) -> list[dict[str, Any]]:
    """Everything in the directory, by id."""
    answer = pushing.get("/")
    assert answer.status_code == 200, answer.text
    resources: list[dict[str, Any]] = answer.json["Resources"]
    assert answer.json["totalResults"] == len(resources)
    return resources


def check_whole(pushing: Pushing, directory: Directory) -> None:
    """Fail unless every user, group and membership is as the model has it, and nothing else is there."""
    resources = whole(pushing)
    assert [one["id"] for one in resources] == directory.ids()
    for one in resources:
        check_same(one, directory.view(one["id"]))
