"""A state machine over users and groups: any write, any order, again at will; the whole directory after each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.scim.application import ENTERPRISE, GROUP, USER, Answer, Pushing
from tests.scim.fire import groups, patches
from tests.scim.fire.population import check_same, check_whole, expect
from tests.scim.model.directory import Directory, GroupOperation
from tests.scim.model.patches import Operation
from tests.scim.model.resources import Refused
from tests.scim.model.schema import Document

_WHICH = st.integers(0, 60)
_USERS = st.fixed_dictionaries(
    {"userName": st.sampled_from(["ada", "Ada", "bob", "eve", "dan", "fay"])},
    optional={
        "externalId": st.sampled_from(["1", "2", "é"]),
        "active": st.booleans(),
        "title": st.sampled_from(patches.WORDS),
        "emails": st.lists(st.fixed_dictionaries({"value": st.sampled_from(["a", "b"])}), max_size=2),
        ENTERPRISE: st.just({"department": "R&D"}),
    },
)
_MEMBERS = st.none() | st.lists(_WHICH, max_size=4)
_ENDPOINTS = {USER: "/Users", GROUP: "/Groups"}

Step = Callable[[], None]


class DirectoryMachine(RuleBasedStateMachine):
    """Every rule sends a request and makes the same change to the model; a step that was made can be made again."""

    def __init__(self, pushing: Pushing) -> None:
        super().__init__()
        self.pushing = pushing
        self.directory = Directory()
        #: Ids that were in use once: a write on one of them must answer 404, whoever has the name now.
        self.buried: list[str] = []
        self.last: Step | None = None

    @initialize(members=st.lists(_WHICH, max_size=4))
    def begin(self, members: list[int]) -> None:
        """Two users and a group: an empty directory refuses nearly everything."""
        for name in ("ada", "bob"):
            self._create(USER, {**patches.START, "userName": name})
        self._create(GROUP, self._group("Admins", members))

    @rule(body=_USERS)
    def post_user(self, body: Document) -> None:
        self._take(lambda: self._create(USER, {"schemas": [USER], **body}))

    @rule(name=st.sampled_from(groups.NAMES), members=_MEMBERS)
    def post_group(self, name: str, members: list[int] | None) -> None:
        body = self._group(name, members)
        self._take(lambda: self._create(GROUP, body))

    @rule(which=_WHICH, body=_USERS)
    def put_user(self, which: int, body: Document) -> None:
        user = self._chosen(USER, which)
        self._take(lambda: self._replace(USER, user, {"schemas": [USER], **body}))

    @rule(which=_WHICH, name=st.sampled_from(groups.NAMES), members=_MEMBERS)
    def put_group(self, which: int, name: str, members: list[int] | None) -> None:
        group, body = self._chosen(GROUP, which), self._group(name, members)
        self._take(lambda: self._replace(GROUP, group, body))

    @rule(which=_WHICH, operations=patches.operations())
    def patch_user(self, which: int, operations: list[Operation]) -> None:
        user = self._chosen(USER, which)
        self._take(lambda: self._patch_user(user, operations))

    @rule(which=_WHICH, drafts=groups.operations())
    def patch_group(self, which: int, drafts: list[groups.Draft]) -> None:
        group, ids = self._chosen(GROUP, which), self._ids()
        operations = [draft(ids) for draft in drafts]
        self._take(lambda: self._patch_group(group, operations))

    @precondition(lambda self: len(self.directory.kept) > 3)
    @rule(which=_WHICH, schema=st.sampled_from([USER, GROUP]))
    def delete(self, which: int, schema: str) -> None:
        resource_id = self._chosen(schema, which)
        self._take(lambda: self._delete(schema, resource_id))

    @precondition(lambda self: self.last is not None)
    @rule()
    def again(self) -> None:
        """The last write as it was sent."""
        assert self.last is not None
        self.last()

    @rule(name=st.sampled_from(["ada", "ADA", "bob", "nobody"]))
    def look_up_user(self, name: str) -> None:
        found = self.pushing.filter("/Users", f'userName eq "{name}"').json["Resources"]
        kept = self.directory.kept.items()
        expected = [
            one for one, user in kept if user.schema == USER and user.document["userName"].lower() == name.lower()
        ]
        assert [one["id"] for one in found] == expected

    @rule(which=_WHICH)
    def look_up_groups_of_user(self, which: int) -> None:
        user = self._chosen(USER, which)
        found = self.pushing.filter("/Groups", f'members eq "{user}"').json["Resources"]
        expected = [one for one in self.directory.ids(GROUP) if user in self.directory.kept[one].members]
        assert [one["id"] for one in found] == expected

    @invariant()
    def endpoint_and_model_hold_the_same(self) -> None:
        check_whole(self.pushing, self.directory)

    def _take(self, step: Step) -> None:
        self.last = step
        step()

    def _create(self, schema: str, body: Document) -> None:
        answer = self.pushing.post(_ENDPOINTS[schema], body)
        try:
            kept = self.directory.create(schema, body)
        except Refused as refusal:
            expect(answer, refusal.status)
            return
        expect(answer, 201)
        resource_id = self.directory.admit(kept, answer.json)
        assert resource_id not in self.buried
        check_same(answer.json, self.directory.view(resource_id))

    def _replace(self, schema: str, resource_id: str, body: Document) -> None:
        answer = self.pushing.put(f"{_ENDPOINTS[schema]}/{resource_id}", body)
        self._compare(answer, resource_id, lambda: self.directory.replace(resource_id, body))

    def _patch_user(self, user: str, operations: Sequence[Operation]) -> None:
        answer = self.pushing.patch(f"/Users/{user}", *[one.body for one in operations])
        self._compare(answer, user, lambda: self.directory.patch_user(user, operations))

    def _patch_group(self, group: str, operations: Sequence[GroupOperation]) -> None:
        answer = self.pushing.patch(f"/Groups/{group}", *[one.body for one in operations])
        self._compare(answer, group, lambda: self.directory.patch_group(group, operations))

    def _delete(self, schema: str, resource_id: str) -> None:
        answer = self.pushing.delete(f"{_ENDPOINTS[schema]}/{resource_id}")
        try:
            self.directory.delete(resource_id)
        except Refused as refusal:
            expect(answer, refusal.status)
        else:
            expect(answer, 204)
            self.buried.append(resource_id)

    def _compare(self, answer: Answer, resource_id: str, change: Step) -> None:
        try:
            change()
        except Refused as refusal:
            # A body that nobody could be given may be refused before the id is looked at.
            unreadable = refusal.status == 404 and answer.status_code == 400
            expect(answer, 400 if unreadable else refusal.status)
        else:
            expect(answer, 200)
            check_same(answer.json, self.directory.view(resource_id))

    def _chosen(self, schema: str, which: int) -> str:
        """Mostly one that is there, else one that was or never was. In order of creation, so that runs repeat."""
        there = [one for one, kept in self.directory.kept.items() if kept.schema == schema]
        choice = [*(there * 5), *self.buried, "never-was"]
        return choice[which % len(choice)]

    def _ids(self) -> list[str]:
        return [*self.directory.kept, *self.buried, "never-was"]

    def _group(self, name: str, members: list[int] | None) -> Document:
        named = None if members is None else [{"value": one} for one in groups.meant(members, self._ids())]
        return {"schemas": [GROUP], "displayName": name} | ({} if named is None else {"members": named})
