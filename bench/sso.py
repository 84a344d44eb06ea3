"""What judging an identity provider's answer costs: `python -m bench.sso --times 300 --rounds 5`.

One response with a signed assertion (RSA-SHA256) is judged over and over by Doorward, by python3-saml alone and by
node-saml, in turns; then an ID token (RS256) by Doorward. No database and no HTTP takes part. Then every case of
tests/saml/cases.py and tests/oidc/cases.py is refused, and the dearest are shown; one that takes more than 250 ms of
processor time makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from onelogin.saml2.auth import OneLogin_Saml2_Auth

from app.rules.identity import ExternalIdentity, Rejection
from bench.peers.installing import HERE as PEERS
from bench.peers.installing import NODE, NotInstalledError, install_node, locked_versions
from oidc.discovery import Documents
from oidc.id_token import Expectation, check_id_token
from oidc.kind import SKEW
from oidc.signature import verify_signature
from saml.kind import SamlKind
from saml.settings import ServiceProvider, library_settings
from tests.oidc import cases as oidc_cases
from tests.oidc.provider import CLIENT_ID, NOW
from tests.oidc.sign_in import SignIn
from tests.saml import cases as saml_cases
from tests.saml.forge import (
    ACS_URL,
    BASE_URL,
    CONNECTION,
    ENTITY_ID,
    ISSUER,
    REQUEST_ID,
    SSO_URL,
    Edit,
    Internet,
    Recipe,
    StoppedClock,
    World,
    attr,
    both,
    pair,
)

_LONGEST_SECONDS = 0.25
_SHOWN = 3


@dataclass(frozen=True)
class Slice:
    """Judging so often took so many seconds, so many of them of processor time."""

    times: int
    took: float
    spent: float


Judge = Callable[[int], Slice]


def main() -> None:
    """Compare, then refuse."""
    parser = argparse.ArgumentParser(prog="python -m bench.sso", description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="judged in one turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}")
    posted, now = _fresh()
    judges = dict(_judges(posted, now))
    slices: dict[str, list[Slice]] = {name: [] for name in judges}
    for _ in range(options.rounds):
        for name, judge in judges.items():
            slices[name].append(judge(options.times))
    for name, found in slices.items():
        spent = statistics.median(one.spent / one.times for one in found)
        took = statistics.median(one.took / one.times for one in found)
        print(f"{name:44s}  {1 / took:7.0f} a second  {spent * 1000:6.2f} ms CPU  {1 / spent:7.0f} a CPU second")
    sys.exit(0 if _refuse_all() else 1)


def _fresh() -> tuple[str, datetime]:
    """A response whose times are of today, as the others have no clock that could be set."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Recipe(before=_of(now)).post(), now


def _of(now: datetime) -> Edit:
    def text(seconds: int) -> str:
        return (now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    return both(
        attr("//*[@IssueInstant]", "IssueInstant", text(0)),
        attr("//saml:Conditions", "NotBefore", text(-60)),
        attr("//saml:Conditions", "NotOnOrAfter", text(3600)),
        attr("//saml:SubjectConfirmationData", "NotOnOrAfter", text(3600)),
        attr("//saml:AuthnStatement", "AuthnInstant", text(0)),
        attr("//saml:AuthnStatement", "SessionNotOnOrAfter", text(36_000)),
    )


def _judges(posted: str, now: datetime) -> Iterator[tuple[str, Judge]]:
    yield "SAML response: Doorward", _timed(_ours(posted, now))
    yield "SAML response: python3-saml alone", _timed(_bare(posted))
    try:
        where = install_node("node_saml", PEERS / "node_saml")
    except NotInstalledError as error:
        print(f"node-saml is missing: {error}")
    else:
        asked = {
            "posted": posted,
            "certificate": pair("idp").certificate,
            "idp": ISSUER,
            "audience": ENTITY_ID,
            "recipient": ACS_URL,
            "sso": SSO_URL,
        }

        def node(times: int) -> Slice:
            given = json.dumps({**asked, "times": times, "warm": times})
            program = [str(NODE), "judge.mjs"]
            said = subprocess.run(program, cwd=where, input=given, capture_output=True, text=True, check=True).stdout
            found = json.loads(said)
            assert found["subject"] == "u-1", said
            return Slice(times, found["took"], found["spent"])

        yield f"SAML response: {locked_versions('node_saml')}", node
    yield "ID token: Doorward", _timed(_id_token())


def _timed(judge: Callable[[], object]) -> Judge:
    judge()

    def run(times: int) -> Slice:
        began, spent = time.perf_counter(), time.process_time()
        for _ in range(times):
            judge()
        return Slice(times, time.perf_counter() - began, time.process_time() - spent)

    return run


def _ours(posted: str, now: datetime) -> Callable[[], object]:
    world = World(now=now)
    kind = SamlKind(base_url=BASE_URL, http=Internet({}), clock=StoppedClock())
    revision, flow = world.revision(), world.flow()

    def judge() -> None:
        verdict = kind.verifier(posted)(revision, flow, now)
        assert isinstance(verdict, ExternalIdentity), verdict

    return judge


def _bare(posted: str) -> Callable[[], object]:
    """With its settings made once, as is usual; without the gate and our own checks."""
    settings = library_settings(World().revision().settings["idp"], ServiceProvider(BASE_URL, CONNECTION))
    host = BASE_URL.removeprefix("https://")
    path = ACS_URL.removeprefix(BASE_URL)
    request = {"https": "on", "http_host": host, "script_name": path, "get_data": {}}

    def judge() -> None:
        auth = OneLogin_Saml2_Auth({**request, "post_data": {"SAMLResponse": posted}}, settings)
        auth.process_response(request_id=REQUEST_ID)
        assert auth.is_authenticated(), auth.get_last_error_reason()

    return judge


def _id_token() -> Callable[[], object]:
    """Signature and claims, with the provider's documents in the cache."""
    sign_in = SignIn()
    sign_in.accepted()
    token, jwks_uri = sign_in.provider.id_token(), sign_in.provider.discovery["jwks_uri"]
    documents = Documents(sign_in.provider, sign_in.cache)
    expected = Expectation(
        issuer=sign_in.provider.issuer,
        client_id=CLIENT_ID,
        flow=sign_in.flow,
        access_token="at-1",
        now=NOW,
        skew=SKEW,
    )
    return lambda: check_id_token(verify_signature(token, documents=documents, jwks_uri=jwks_uri, now=NOW), expected)


def _refuse_all() -> bool:
    """Whether no case was dear."""
    spent: dict[str, float] = {}
    for case in saml_cases.CASES:
        posted = case.recipe.post()
        spent[f"saml: {case.id}"] = _cost(lambda: case.world.judge(posted))  # noqa: B023 (called at once)
    for made in oidc_cases.CASES:
        sign_in = made.world()
        made.mutate(sign_in)
        sign_in.provider.tokens.setdefault("id_token", sign_in.provider.id_token())
        spent[f"oidc: {made}"] = _cost(sign_in.finish)
    dearest = sorted(spent, key=lambda name: spent[name], reverse=True)[:_SHOWN]
    print(f"{len(spent)} cases refused, median {statistics.median(spent.values()) * 1000:.2f} ms CPU; the dearest:")
    for name in dearest:
        print(f"  {spent[name] * 1000:6.1f} ms  {name}")
    return spent[dearest[0]] <= _LONGEST_SECONDS


def _cost(refuse: Callable[[], object]) -> float:
    began = time.process_time()
    verdict = refuse()
    spent = time.process_time() - began
    assert isinstance(verdict, Rejection), verdict
    return spent


if __name__ == "__main__":
    main()
