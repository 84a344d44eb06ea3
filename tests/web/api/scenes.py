"""Situations that calls begin in: an organization that is ready for single sign-on, and a tested connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.rules.actor import OPERATOR
from app.rules.identity import UNKNOWN_GROUPS, ExternalIdentity
from app.services import admission, connections, members
from tests.application import World
from tests.saml.forge import ISSUER, SSO_URL, pair
from tests.scenes import ADA, Organization, found_organization
from tests.web.api.caller import Api

BOB = "bob@acme.test"


def metadata() -> str:
    """An identity provider's metadata, with a real certificate."""
    return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ISSUER}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{pair("idp").der}</X509Certificate>
</X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Location="{SSO_URL}"
Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/></IDPSSODescriptor></EntityDescriptor>"""


@dataclass
class Scene:
    """An organization, its first administrator, and a program that may do everything."""

    world: World
    api: Api
    organization: Organization

    @property
    def path(self) -> str:
        return f"/organizations/{self.organization.id}"

    @property
    def admin(self) -> str:
        return self.organization.admin_id

    @property
    def by_admin(self) -> dict[str, str]:
        """What names the administrator an operator acts for."""
        return {"on_behalf_of": self.admin}

    def saml_body(self, **changes: Any) -> dict[str, Any]:
        return {"protocol": "saml", "name": "Okta", "idp": {"metadata_xml": metadata()}, **self.by_admin, **changes}

    def connect(self) -> Any:
        """A SAML connection, ready to be tested."""
        return self.api.post(f"{self.path}/connections", self.saml_body())

    def prove(self, connection_id: str, email: str = ADA, *, would_be_admin: bool = True) -> None:
        """What a completed test sign-in through the latest revision leaves behind."""
        member_id = self.organization.member(email).id
        identity = _identity(email, until=self.world.clock.now())
        with self.world.transactions.writing(OPERATOR) as unit:
            connection = connections.read(unit, self.organization.id, connection_id)
            member = members.read(unit, self.organization.id, member_id)
            admission.prove(unit, member, connection.latest_revision, identity, would_be_admin=would_be_admin)

    def require_sign_on(self) -> Any:
        """An active connection."""
        connection = self.connect()
        self.prove(connection["id"])
        self.organization.store_recovery_codes()
        return self.api.post_as_planned(f"{self.path}/connections/{connection['id']}/activate", self.by_admin)

    def add_member(self, email: str = BOB, name: str = "Bob") -> str:
        """Somebody who came in through single sign-on for the first time; their id."""
        with self.world.transactions.writing(OPERATOR) as unit:
            row = connections.all_of(unit, self.organization.id)[0]
            identity = _identity(email, until=unit.now, name=name)
            admitted = admission.by_identity(unit, row, row.latest_revision, identity, code_given=False)
            assert isinstance(admitted, admission.Admitted), admitted
            admission.note_arrival(unit, admitted.member)
            return admitted.member.id


def begin(world: World, address: str = ADA, name: str = "Acme", *, verified: bool = True) -> Scene:
    """An organization with its first administrator, and their domain verified."""
    organization = found_organization(world, address, name)
    if verified:
        organization.verify_domain(address.partition("@")[2])
    return Scene(world, Api(world), organization)


def _identity(email: str, *, until: datetime, name: str = "") -> ExternalIdentity:
    return ExternalIdentity(
        issuer=ISSUER,
        subject=email,
        email=email,
        name=name,
        groups=UNKNOWN_GROUPS,
        replay_key=f"replay of {email}",
        replay_until=until,
    )


def with_key(world: World, organization_id: str, label: str = "Nightly") -> Api:
    """A program that brings a fresh key of this organization."""
    made = Api(world).post(f"/organizations/{organization_id}/keys", {"label": label})
    return Api(world, made["token"])
