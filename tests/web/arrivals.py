"""One installation in which forged answers of identity providers arrive: whatever a case says, over the real routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import delete, func, select, update
from werkzeug.test import TestResponse

from app.ports.http import Http
from app.rules.connections import ConnectionState, OwnKey, Revision
from app.rules.ids import Prefix
from app.services import connection_settings, flows, key_pairs
from app.services.flows import Purpose
from app.services.unit_of_work import UnitOfWork
from app.store.attempts import SignInRecord
from app.store.connections import Connection, ConnectionRevision, ConsumedAssertion, FetchedDocument
from app.store.key_pairs import KeyPairRow
from app.store.organizations import Domain
from app.store.sign_ins import SignInFlow, SignInSession
from tests.application import World
from tests.ports.fakes import Switchboard
from tests.scenes import Organization

SAML, OIDC = "conn_1", "conn_2"


@dataclass
class Came:
    """What a browser was answered, and what there is of it afterwards."""

    answer: TestResponse
    records: list[SignInRecord]
    sessions: int


@dataclass
class Arrivals:
    """An organization with one connection of each protocol."""

    organization: Organization
    switchboard: Switchboard

    @property
    def world(self) -> World:
        return self.organization.world

    def install(self) -> None:
        """The two connections, under the ids that the cases are written for."""
        with self.world.transactions.writing() as unit:
            for id_, protocol in ((SAML, "saml"), (OIDC, "oidc")):
                row = Connection(
                    id=id_,
                    organization_id=self.organization.id,
                    protocol=protocol,
                    name=protocol,
                    state=ConnectionState.VALIDATING,
                    created_at=unit.now,
                    latest_revision="",
                )
                unit.session.add(row)

    def saml(
        self, posted: str, *, revision: Revision, request_id: str, is_test: bool, times: Times, forgetting: bool = True
    ) -> Came:
        """Leave for the provider, and come back with `posted`; `forgetting` what was accepted before."""
        secrets = {"request_id": request_id}
        handle = self._leave(SAML, revision, secrets, is_test=is_test, times=times, forgetting=forgetting)
        form = {"SAMLResponse": posted, "RelayState": handle}
        return self._arrive(lambda: self._browser.post(f"/saml/{SAML}/acs", base_url=self._base, data=form), times)

    def unasked(self, posted: str, *, revision: Revision, times: Times) -> Came:
        """Come with `posted` in a browser that has never been here."""
        with self.world.transactions.writing() as unit:
            unit.session.execute(delete(ConsumedAssertion))
            self._set_up(unit, SAML, revision)
        self._browser = self.world.program.app.test_client()
        form = {"SAMLResponse": posted}
        return self._arrive(lambda: self._browser.post(f"/saml/{SAML}/acs", base_url=self._base, data=form), times)

    def begun_elsewhere(self, query: Mapping[str, str | list[str]], *, revision: Revision, end: Http) -> TestResponse:
        """Begin a sign-in through the second connection as another site wants it."""
        self.switchboard.end = end
        with self.world.transactions.writing() as unit:
            self._set_up(unit, OIDC, revision)
        browser = self.world.program.app.test_client()
        return browser.post(f"/oidc/{OIDC}/login", base_url=self._base, data=query)

    def oidc(
        self,
        query: list[tuple[str, str]],
        *,
        revision: Revision,
        secrets: Mapping[str, str],
        is_test: bool,
        times: Times,
        end: Http,
    ) -> Came:
        """Leave for the provider, and come back with `query`, whose state is the handle `flow_1`, when `end` answers in
        the provider's place and nothing is cached.
        """
        self._leave(OIDC, revision, secrets, is_test=is_test, times=times, handle="flow_1")
        self.switchboard.end = end
        with self.world.transactions.writing() as unit:
            unit.session.execute(delete(FetchedDocument))
        path = f"/oidc/{OIDC}/callback"
        return self._arrive(lambda: self._browser.get(path, base_url=self._base, query_string=query), times)

    def at_the_other_protocol(self, posted: str, *, revision: Revision) -> Came:
        """Leave through one connection, and come back to its id below the other protocol's address."""
        now = self.world.clock.time
        handle = self._leave(SAML, revision, {}, is_test=False, times=Times(now, now))
        path, query = f"/oidc/{SAML}/callback", {"state": handle, "code": posted[:20]}
        return self._arrive(lambda: self._browser.get(path, base_url=self._base, query_string=query), Times(now, now))

    def _leave(
        self,
        connection_id: str,
        revision: Revision,
        secrets: Mapping[str, str],
        *,
        is_test: bool,
        times: Times,
        handle: str | None = None,
        forgetting: bool = True,
    ) -> str:
        with self.world.transactions.writing() as unit:
            if forgetting:
                unit.session.execute(delete(ConsumedAssertion))
            self._set_up(unit, connection_id, revision)
        self.world.clock.time = times.left
        self._browser = self.world.program.app.test_client()
        protocol = "saml" if connection_id == SAML else "oidc"
        left = self._browser.get(f"/{protocol}/{connection_id}/login", base_url=self._base)
        assert left.status_code == 302, left.text
        query = parse_qs(urlsplit(left.headers["Location"]).query)
        (sent,) = query["RelayState" if protocol == "saml" else "state"]
        with self.world.transactions.writing() as unit:
            flow = unit.session.scalars(select(SignInFlow).where(SignInFlow.handle == sent)).one()
            flow.handle = handle or sent
            flows.reseal(unit, flow, {**flows.secrets_of(unit, flow), **secrets})
            if is_test:
                flow.purpose, flow.member_id = Purpose.TEST, self.organization.admin_id
        return handle or sent

    def _arrive(self, come: Any, times: Times) -> Came:
        self.world.clock.time = times.arrived
        with self.world.transactions.reading() as unit:
            before = unit.session.scalar(select(func.max(SignInRecord.id))) or ""
            sessions = unit.session.scalar(select(func.count()).select_from(SignInSession)) or 0
        answer = come()
        with self.world.transactions.reading() as unit:
            records = list(unit.session.scalars(select(SignInRecord).where(SignInRecord.id > before)))
            after = unit.session.scalar(select(func.count()).select_from(SignInSession)) or 0
        return Came(answer, records, after - sessions)

    @property
    def _base(self) -> str:
        return self.world.transactions.ports.base_url

    def _set_up(self, unit: UnitOfWork, connection_id: str, revision: Revision) -> None:
        """The connection, the verified hosts and the keys of one case, and nothing of the cases before it."""
        for table in (FetchedDocument, KeyPairRow):
            unit.session.execute(delete(table))
        unit.session.execute(update(SignInFlow).values(handle=None))
        state = "verified" if revision.verified_hosts else "pending"
        unit.session.execute(update(Domain).values(state=state))
        id_ = unit.id(Prefix.REVISION)
        sealed = unit.ports.sealing.seal(json.dumps(dict(revision.secrets)), place=connection_settings._place(id_))
        unit.session.add(
            ConnectionRevision(
                id=id_,
                connection_id=connection_id,
                settings=revision.settings,
                sealed_secrets=sealed,
                created_at=unit.now,
            )
        )
        unit.session.execute(
            update(Connection).where(Connection.id == connection_id).values(latest_revision=id_, revision_in_force=id_)
        )
        for key in revision.own_keys:
            self._add_key(unit, key)

    def _add_key(self, unit: UnitOfWork, key: OwnKey) -> None:
        id_ = unit.id(Prefix.KEY_PAIR)
        unit.session.add(
            KeyPairRow(
                id=id_,
                organization_id=self.organization.id,
                certificate=key.certificate,
                sealed_private_key=unit.ports.sealing.seal(key.private_key, place=key_pairs._place(id_)),
                signs=key.signs,
                created_at=unit.now,
                expires_at=unit.now,
            )
        )


@dataclass(frozen=True)
class Times:
    """When the browser left for the provider, and when it came back."""

    left: datetime
    arrived: datetime
