"""Who may call what: every route and method, its caller, and the transaction it runs in. A route that is not here
stops the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Caller(StrEnum):
    """Who a route is for."""

    ANYONE = "anyone"  # a browser, signed in or not; unsafe methods need our own page behind them
    MEMBER = "member"  # a signed-in member, for what is their own
    ADMIN = "admin"  # an administrator of the organization; recovery sessions too
    FULL_ADMIN = "full_admin"  # an administrator, but not in a recovery session
    OPERATOR = "operator"  # the operator token, on the JSON API
    PROVIDER = "provider"  # an identity provider through the browser: cross-site, verified by its protocol


class Transaction(StrEnum):
    """What the view finds open. Writing ones begin as such, because on SQLite a read cannot become a write."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    OWN = "own"  # the view opens its own, because it talks to the network in between


@dataclass(frozen=True, slots=True)
class Route:
    caller: Caller
    transaction: Transaction


_OPEN = Route(Caller.ANYONE, Transaction.NONE)
_OPEN_READ = Route(Caller.ANYONE, Transaction.READ)
_OPEN_WRITE = Route(Caller.ANYONE, Transaction.WRITE)
_OPEN_OWN = Route(Caller.ANYONE, Transaction.OWN)
_MEMBER_READ = Route(Caller.MEMBER, Transaction.READ)
_MEMBER_WRITE = Route(Caller.MEMBER, Transaction.WRITE)
_ADMIN_READ = Route(Caller.ADMIN, Transaction.READ)
_ADMIN_WRITE = Route(Caller.ADMIN, Transaction.WRITE)
_ADMIN_OWN = Route(Caller.ADMIN, Transaction.OWN)
_FULL_READ = Route(Caller.FULL_ADMIN, Transaction.READ)
_FULL_WRITE = Route(Caller.FULL_ADMIN, Transaction.WRITE)
_PROVIDER = Route(Caller.PROVIDER, Transaction.OWN)
_OPERATOR_READ = Route(Caller.OPERATOR, Transaction.READ)
_OPERATOR_WRITE = Route(Caller.OPERATOR, Transaction.WRITE)
_OPERATOR_OWN = Route(Caller.OPERATOR, Transaction.OWN)

#: endpoint -> method -> route. HEAD and OPTIONS follow GET. What is below /scim/ stands beside Flask: all of it is for
#: directories, verified by scim/ against path and token.
TABLE: dict[str, dict[str, Route]] = {
    "static": {"GET": _OPEN},
    # health
    "health.live": {"GET": _OPEN},
    "health.ready": {"GET": _OPEN_READ},
    # signing in
    "sign_in.home": {"GET": _OPEN_READ},
    "sign_in.address": {"GET": _OPEN, "POST": _OPEN_OWN},
    "sign_in.code": {"POST": _OPEN_WRITE},
    "sign_in.sign_out": {"POST": _OPEN_WRITE},
    "sign_in.start": {"GET": _OPEN_WRITE, "POST": _OPEN_WRITE},
    "sign_in.recover": {"GET": _OPEN, "POST": _OPEN_OWN},
    "sign_in.recover_by_link": {"GET": _OPEN_WRITE, "POST": _OPEN_WRITE},
    # one's own
    "profile.show_profile": {"GET": _MEMBER_READ},
    "profile.end_session": {"POST": _MEMBER_WRITE},
    # identity providers
    "saml.metadata": {"GET": _PROVIDER},
    "saml.login": {"GET": _PROVIDER},
    "saml.acs": {"POST": _PROVIDER},
    "oidc.login": {"GET": _PROVIDER},
    "oidc.callback": {"GET": _PROVIDER},
    # the settings pages
    "authentication.show": {"GET": _ADMIN_READ},
    "authentication.confirm_recovery_codes": {"POST": _ADMIN_WRITE},
    "authentication.make_recovery_codes": {"POST": _ADMIN_WRITE},
    "domains.add": {"POST": _ADMIN_WRITE},
    "domains.check": {"POST": _ADMIN_OWN},
    "domains.remove": {"POST": _ADMIN_WRITE},
    "connections.new": {"GET": _ADMIN_READ, "POST": _ADMIN_OWN},
    "connections.edit": {"GET": _ADMIN_READ, "POST": _ADMIN_OWN},
    "connections.test": {"POST": _ADMIN_OWN},
    "connections.tested": {"GET": _ADMIN_READ},
    "connections.activate": {"POST": _ADMIN_WRITE},
    "connections.deactivate": {"POST": _ADMIN_WRITE},
    "connections.delete": {"POST": _ADMIN_WRITE},
    "directories.add": {"POST": _ADMIN_WRITE},
    "directories.add_token": {"POST": _ADMIN_WRITE},
    "directories.revoke_token": {"POST": _ADMIN_WRITE},
    "directories.activate": {"POST": _ADMIN_WRITE},
    "directories.deactivate": {"POST": _ADMIN_WRITE},
    "directories.delete": {"POST": _ADMIN_WRITE},
    "scim_requests.list": {"GET": _ADMIN_READ},
    "role_mappings.add": {"POST": _ADMIN_WRITE},
    "role_mappings.remove": {"POST": _ADMIN_WRITE},
    "members.list": {"GET": _ADMIN_READ},
    "members.change_role": {"POST": _ADMIN_WRITE},
    "members.suspend": {"POST": _FULL_WRITE},
    "members.restore": {"POST": _FULL_WRITE},
    "members.remove": {"POST": _FULL_WRITE},
    "roles.list": {"GET": _FULL_READ},
    "roles.add": {"POST": _FULL_WRITE},
    "roles.rename": {"POST": _FULL_WRITE},
    "roles.move_up": {"POST": _FULL_WRITE},
    "roles.move_down": {"POST": _FULL_WRITE},
    "roles.make_default": {"POST": _FULL_WRITE},
    "roles.delete": {"POST": _FULL_WRITE},
    "activity.show": {"GET": _FULL_READ},
    "alarms.dismiss": {"POST": _ADMIN_WRITE},
    # the JSON API
    "api.openapi": {"GET": _OPEN},
    "api.create_organization": {"POST": _OPERATOR_WRITE},
    "api.list_organizations": {"GET": _OPERATOR_READ},
    "api.read_organization": {"GET": _OPERATOR_READ},
    "api.edit_organization": {"PATCH": _OPERATOR_WRITE},
    "api.delete_organization": {"DELETE": _OPERATOR_WRITE},
    "api.claim_domain": {"POST": _OPERATOR_WRITE},
    "api.list_domains": {"GET": _OPERATOR_READ},
    "api.read_domain": {"GET": _OPERATOR_READ},
    "api.verify_domain": {"POST": _OPERATOR_OWN},
    "api.remove_domain": {"DELETE": _OPERATOR_WRITE},
    "api.create_connection": {"POST": _OPERATOR_OWN},
    "api.list_connections": {"GET": _OPERATOR_READ},
    "api.read_connection": {"GET": _OPERATOR_READ},
    "api.edit_connection": {"PATCH": _OPERATOR_OWN},
    "api.delete_connection": {"DELETE": _OPERATOR_WRITE},
    "api.activate_connection": {"POST": _OPERATOR_WRITE},
    "api.deactivate_connection": {"POST": _OPERATOR_WRITE},
    "api.test_connection": {"POST": _OPERATOR_READ},
    "api.create_directory": {"POST": _OPERATOR_WRITE},
    "api.list_directories": {"GET": _OPERATOR_READ},
    "api.read_directory": {"GET": _OPERATOR_READ},
    "api.edit_directory": {"PATCH": _OPERATOR_WRITE},
    "api.delete_directory": {"DELETE": _OPERATOR_WRITE},
    "api.activate_directory": {"POST": _OPERATOR_WRITE},
    "api.deactivate_directory": {"POST": _OPERATOR_WRITE},
    "api.create_token": {"POST": _OPERATOR_WRITE},
    "api.list_tokens": {"GET": _OPERATOR_READ},
    "api.revoke_token": {"DELETE": _OPERATOR_WRITE},
    "api.list_directory_users": {"GET": _OPERATOR_READ},
    "api.list_directory_groups": {"GET": _OPERATOR_READ},
    "api.list_directory_requests": {"GET": _OPERATOR_READ},
    "api.create_role": {"POST": _OPERATOR_WRITE},
    "api.list_roles": {"GET": _OPERATOR_READ},
    "api.reorder_roles": {"POST": _OPERATOR_WRITE},
    "api.read_role": {"GET": _OPERATOR_READ},
    "api.edit_role": {"PATCH": _OPERATOR_WRITE},
    "api.delete_role": {"DELETE": _OPERATOR_WRITE},
    "api.create_role_mapping": {"POST": _OPERATOR_WRITE},
    "api.list_role_mappings": {"GET": _OPERATOR_READ},
    "api.delete_role_mapping": {"DELETE": _OPERATOR_WRITE},
    "api.list_members": {"GET": _OPERATOR_READ},
    "api.read_member": {"GET": _OPERATOR_READ},
    "api.edit_member": {"PATCH": _OPERATOR_WRITE},
    "api.remove_member": {"DELETE": _OPERATOR_WRITE},
    "api.explain_member": {"GET": _OPERATOR_READ},
    "api.read_lockout_proof": {"GET": _OPERATOR_READ},
    "api.make_recovery_codes": {"POST": _OPERATOR_WRITE},
    "api.confirm_recovery_codes": {"POST": _OPERATOR_WRITE},
    "api.drill_recovery_code": {"POST": _OPERATOR_READ},
    "api.list_alarms": {"GET": _OPERATOR_READ},
    "api.read_alarm": {"GET": _OPERATOR_READ},
    "api.list_alarm_people": {"GET": _OPERATOR_READ},
    "api.dismiss_alarm": {"POST": _OPERATOR_WRITE},
    "api.list_events": {"GET": _OPERATOR_READ},
    "api.list_audit": {"GET": _OPERATOR_READ},
    "api.list_sign_ins": {"GET": _OPERATOR_READ},
}
