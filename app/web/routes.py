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
    SETUP_SSO = "setup_sso"  # whoever has opened a setup link for single sign-on
    SETUP_DIRECTORY = "setup_directory"  # the same for directory provisioning
    SETUP = "setup"  # either of them
    OPERATOR = "operator"  # the operator token and nothing else, on the JSON API
    PROGRAM = "program"  # the operator token, or a key of the organization that the path names, on the JSON API
    PROVIDER = "provider"  # an identity provider, most often through the browser: cross-site, verified by its protocol


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
    #: Whether the change can be asked for as a dry run, which then finds a unit that only plans.
    plans: bool = False


_OPEN = Route(Caller.ANYONE, Transaction.NONE)
_OPEN_READ = Route(Caller.ANYONE, Transaction.READ)
_OPEN_WRITE = Route(Caller.ANYONE, Transaction.WRITE)
_OPEN_OWN = Route(Caller.ANYONE, Transaction.OWN)
_MEMBER_READ = Route(Caller.MEMBER, Transaction.READ)
_MEMBER_WRITE = Route(Caller.MEMBER, Transaction.WRITE)
_MEMBER_OWN = Route(Caller.MEMBER, Transaction.OWN)
_ADMIN_READ = Route(Caller.ADMIN, Transaction.READ)
_ADMIN_WRITE = Route(Caller.ADMIN, Transaction.WRITE)
_ADMIN_OWN = Route(Caller.ADMIN, Transaction.OWN)
_FULL_READ = Route(Caller.FULL_ADMIN, Transaction.READ)
_FULL_WRITE = Route(Caller.FULL_ADMIN, Transaction.WRITE)
_FULL_OWN = Route(Caller.FULL_ADMIN, Transaction.OWN)
_PROVIDER = Route(Caller.PROVIDER, Transaction.OWN)
_SETUP_WRITE = Route(Caller.SETUP, Transaction.WRITE)
_SETUP_SSO_READ = Route(Caller.SETUP_SSO, Transaction.READ)
_SETUP_SSO_WRITE = Route(Caller.SETUP_SSO, Transaction.WRITE)
_SETUP_SSO_OWN = Route(Caller.SETUP_SSO, Transaction.OWN)
_SETUP_DIRECTORY_READ = Route(Caller.SETUP_DIRECTORY, Transaction.READ)
_SETUP_DIRECTORY_WRITE = Route(Caller.SETUP_DIRECTORY, Transaction.WRITE)
_OPERATOR_READ = Route(Caller.OPERATOR, Transaction.READ)
_OPERATOR_WRITE = Route(Caller.OPERATOR, Transaction.WRITE)
_ADMIN_PLAN = Route(Caller.ADMIN, Transaction.WRITE, plans=True)
_FULL_PLAN = Route(Caller.FULL_ADMIN, Transaction.WRITE, plans=True)
_PROGRAM_READ = Route(Caller.PROGRAM, Transaction.READ)
_PROGRAM_WRITE = Route(Caller.PROGRAM, Transaction.WRITE)
_PROGRAM_PLAN = Route(Caller.PROGRAM, Transaction.WRITE, plans=True)
_PROGRAM_OWN = Route(Caller.PROGRAM, Transaction.OWN)
_PROGRAM_OWN_PLAN = Route(Caller.PROGRAM, Transaction.OWN, plans=True)

#: endpoint -> method -> route. HEAD and OPTIONS follow GET. What is below /scim/ stands beside Flask: all of it is for
#: directories, verified by scim/ against path and token.
TABLE: dict[str, dict[str, Route]] = {
    "static": {"GET": _OPEN},
    # health
    "health.live": {"GET": _OPEN},
    "health.ready": {"GET": _OPEN_READ},
    "style.show": {"GET": _OPEN},
    # signing in
    "sign_in.home": {"GET": _OPEN_READ},
    "sign_in.address": {"GET": _OPEN_READ, "POST": _OPEN_OWN},
    "sign_in.resume": {"GET": _OPEN_READ},
    "sign_in.code": {"POST": _OPEN_WRITE},
    "sign_in.consent": {"POST": _OPEN_WRITE},
    "sign_in.factor": {"POST": _OPEN_WRITE},
    "sign_in.enroll": {"POST": _OPEN_WRITE},
    "sign_in.sign_out": {"POST": _OPEN_WRITE},
    "sign_in.start": {"GET": _OPEN_WRITE, "POST": _OPEN_WRITE},
    "sign_in.invited": {"GET": _OPEN_READ, "POST": _OPEN_OWN},
    "sign_in.recover": {"GET": _OPEN, "POST": _OPEN_OWN},
    "sign_in.recover_by_link": {"GET": _OPEN_WRITE, "POST": _OPEN_WRITE},
    "forward_auth.verify": {"GET": _OPEN_READ},
    # one's own
    "profile.show_profile": {"GET": _MEMBER_READ},
    "profile.end_session": {"POST": _MEMBER_WRITE},
    "profile.end_other_sessions": {"POST": _MEMBER_WRITE},
    "profile.rename": {"POST": _MEMBER_WRITE},
    "profile.confirm": {"GET": _MEMBER_READ, "POST": _MEMBER_OWN},
    "profile.set_up_app": {"POST": _MEMBER_WRITE},
    "profile.make_backup_codes": {"POST": _MEMBER_WRITE},
    "profile.confirm_backup_codes": {"POST": _MEMBER_WRITE},
    # setup links, for those who are no members; nothing else opens to them
    "setup.door": {"GET": _OPEN_READ, "POST": _OPEN_WRITE},
    "setup.leave": {"POST": _SETUP_WRITE},
    "setup_sso.show": {"GET": _SETUP_SSO_READ},
    "setup_sso.new": {"GET": _SETUP_SSO_READ},
    "setup_sso.begin": {"POST": _SETUP_SSO_OWN},
    "setup_sso.step": {"GET": _SETUP_SSO_READ},
    "setup_sso.go_on": {"POST": _SETUP_SSO_OWN},
    "setup_sso.discard_setup": {"POST": _SETUP_SSO_WRITE},
    "setup_sso.try": {"GET": _SETUP_SSO_READ},
    "setup_sso.guide": {"GET": _SETUP_SSO_READ},
    "setup_sso.edit": {"GET": _SETUP_SSO_READ, "POST": _SETUP_SSO_OWN},
    "setup_sso.test": {"POST": _SETUP_SSO_OWN},
    "setup_sso.tested": {"GET": _SETUP_SSO_READ},
    "setup_directory.show": {"GET": _SETUP_DIRECTORY_READ},
    "setup_directory.add": {"POST": _SETUP_DIRECTORY_WRITE},
    "setup_directory.add_token": {"POST": _SETUP_DIRECTORY_WRITE},
    # identity providers
    "saml.metadata": {"GET": _PROVIDER},
    "saml.certificate": {"GET": _PROVIDER},
    "saml.login": {"GET": _PROVIDER},
    "saml.acs": {"POST": _PROVIDER},
    "saml.logout": {"GET": _PROVIDER},
    "saml.posted_logout": {"POST": _PROVIDER},
    "oidc.login": {"GET": _PROVIDER, "POST": _PROVIDER},
    "oidc.callback": {"GET": _PROVIDER},
    "oidc.signed_out": {"GET": _PROVIDER},
    "oidc.backchannel_logout": {"POST": _PROVIDER},
    # the settings pages
    "authentication.show": {"GET": _ADMIN_READ},
    "authentication.confirm_recovery_codes": {"POST": _ADMIN_WRITE},
    "authentication.make_recovery_codes": {"POST": _ADMIN_WRITE},
    "authentication.drill_recovery_code": {"POST": _ADMIN_WRITE},
    "authentication.require_mfa": {"POST": _ADMIN_PLAN},
    "authentication.release_mfa": {"POST": _ADMIN_PLAN},
    "authentication.change_sessions": {"POST": _FULL_WRITE},
    "admission.allow_guests": {"POST": _FULL_PLAN},
    "admission.refuse_guests": {"POST": _FULL_PLAN},
    "admission.allow_new_members": {"POST": _FULL_PLAN},
    "admission.refuse_new_members": {"POST": _FULL_PLAN},
    "domains.add": {"POST": _ADMIN_WRITE},
    "domains.check": {"POST": _ADMIN_OWN},
    "domains.remove": {"POST": _ADMIN_PLAN},
    "connections.new": {"GET": _ADMIN_READ},
    "connections.begin": {"POST": _ADMIN_OWN},
    "connections.step": {"GET": _ADMIN_READ},
    "connections.go_on": {"POST": _ADMIN_OWN},
    "connections.discard_setup": {"POST": _ADMIN_WRITE},
    "connections.try": {"GET": _ADMIN_READ},
    "connections.guide": {"GET": _ADMIN_READ},
    "connections.edit": {"GET": _ADMIN_READ, "POST": _ADMIN_OWN},
    "connections.test": {"POST": _ADMIN_OWN},
    "connections.tested": {"GET": _ADMIN_READ},
    "connections.activate": {"POST": _ADMIN_PLAN},
    "connections.deactivate": {"POST": _ADMIN_PLAN},
    "connections.take_over": {"POST": _ADMIN_WRITE},
    "connections.delete": {"POST": _ADMIN_PLAN},
    "revisions.list": {"GET": _ADMIN_READ},
    "revisions.restore": {"POST": _ADMIN_PLAN},
    "revisions.discard": {"POST": _ADMIN_PLAN},
    "readiness.show_people": {"GET": _ADMIN_READ},
    "directories.add": {"POST": _ADMIN_WRITE},
    "directories.add_token": {"POST": _ADMIN_WRITE},
    "directories.revoke_token": {"POST": _ADMIN_WRITE},
    "directories.activate": {"POST": _ADMIN_PLAN},
    "directories.deactivate": {"POST": _ADMIN_PLAN},
    "directories.delete": {"POST": _ADMIN_PLAN},
    "scim_requests.list": {"GET": _ADMIN_READ},
    "role_mappings.add": {"POST": _ADMIN_PLAN},
    "role_mappings.remove": {"POST": _ADMIN_PLAN},
    "invitations.add": {"POST": _FULL_WRITE},
    "invitations.send_again": {"POST": _FULL_WRITE},
    "invitations.revoke": {"POST": _FULL_WRITE},
    "members.list": {"GET": _ADMIN_READ},
    "member.show": {"GET": _ADMIN_READ},
    "member.change_role": {"POST": _ADMIN_WRITE},
    "member.suspend": {"POST": _FULL_WRITE},
    "member.restore": {"POST": _FULL_WRITE},
    "member.reset_factor": {"POST": _ADMIN_WRITE},
    "member.end_session": {"POST": _FULL_WRITE},
    "member.end_sessions": {"POST": _FULL_WRITE},
    "member.activate": {"POST": _ADMIN_WRITE},
    "member.remove": {"POST": _FULL_WRITE},
    "roles.list": {"GET": _FULL_READ},
    "roles.add": {"POST": _FULL_WRITE},
    "roles.rename": {"POST": _FULL_WRITE},
    "roles.move_up": {"POST": _FULL_PLAN},
    "roles.move_down": {"POST": _FULL_PLAN},
    "roles.make_default": {"POST": _FULL_PLAN},
    "roles.delete": {"POST": _FULL_PLAN},
    "keys.list": {"GET": _FULL_READ},
    "keys.add": {"POST": _FULL_WRITE},
    "keys.revoke": {"POST": _FULL_WRITE},
    "setup_links.list": {"GET": _FULL_READ},
    "setup_links.add": {"POST": _FULL_WRITE},
    "setup_links.revoke": {"POST": _FULL_WRITE},
    "activity.show": {"GET": _FULL_READ},
    "sign_ins.list": {"GET": _FULL_READ},
    "audit.list": {"GET": _FULL_READ},
    "audit.export": {"GET": _FULL_OWN},
    "alarms.dismiss": {"POST": _ADMIN_WRITE},
    # the JSON API
    "api.openapi": {"GET": _OPEN},
    "api.create_organization": {"POST": _OPERATOR_WRITE},
    "api.read_authentication_policy": {"GET": _PROGRAM_READ},
    "api.edit_authentication_policy": {"PATCH": _PROGRAM_PLAN},
    "api.create_invitation": {"POST": _PROGRAM_WRITE},
    "api.list_invitations": {"GET": _PROGRAM_READ},
    "api.read_invitation": {"GET": _PROGRAM_READ},
    "api.resend_invitation": {"POST": _PROGRAM_WRITE},
    "api.revoke_invitation": {"DELETE": _PROGRAM_WRITE},
    "api.create_setup_link": {"POST": _PROGRAM_WRITE},
    "api.list_setup_links": {"GET": _PROGRAM_READ},
    "api.read_setup_link": {"GET": _PROGRAM_READ},
    "api.revoke_setup_link": {"DELETE": _PROGRAM_WRITE},
    "api.list_factors": {"GET": _PROGRAM_READ},
    "api.reset_factor": {"DELETE": _PROGRAM_WRITE},
    "api.list_sessions": {"GET": _PROGRAM_READ},
    "api.end_session": {"DELETE": _PROGRAM_WRITE},
    "api.end_member_sessions": {"DELETE": _PROGRAM_WRITE},
    "api.list_organizations": {"GET": _OPERATOR_READ},
    "api.read_organization": {"GET": _PROGRAM_READ},
    "api.edit_organization": {"PATCH": _PROGRAM_PLAN},
    "api.delete_organization": {"DELETE": _OPERATOR_WRITE},
    "api.claim_domain": {"POST": _PROGRAM_WRITE},
    "api.list_domains": {"GET": _PROGRAM_READ},
    "api.read_domain": {"GET": _PROGRAM_READ},
    "api.verify_domain": {"POST": _PROGRAM_OWN},
    "api.remove_domain": {"DELETE": _PROGRAM_PLAN},
    "api.create_connection": {"POST": _PROGRAM_OWN_PLAN},
    "api.list_connections": {"GET": _PROGRAM_READ},
    "api.read_connection": {"GET": _PROGRAM_READ},
    "api.edit_connection": {"PATCH": _PROGRAM_OWN_PLAN},
    "api.delete_connection": {"DELETE": _PROGRAM_PLAN},
    "api.activate_connection": {"POST": _PROGRAM_PLAN},
    "api.deactivate_connection": {"POST": _PROGRAM_PLAN},
    "api.take_over_metadata": {"POST": _PROGRAM_PLAN},
    "api.test_connection": {"POST": _PROGRAM_READ},
    "api.list_revisions": {"GET": _PROGRAM_READ},
    "api.restore_revision": {"POST": _PROGRAM_PLAN},
    "api.discard_revision": {"DELETE": _PROGRAM_PLAN},
    "api.read_readiness": {"GET": _PROGRAM_READ},
    "api.list_ready_people": {"GET": _PROGRAM_READ},
    "api.create_directory": {"POST": _PROGRAM_PLAN},
    "api.list_directories": {"GET": _PROGRAM_READ},
    "api.read_directory": {"GET": _PROGRAM_READ},
    "api.edit_directory": {"PATCH": _PROGRAM_PLAN},
    "api.delete_directory": {"DELETE": _PROGRAM_PLAN},
    "api.activate_directory": {"POST": _PROGRAM_PLAN},
    "api.deactivate_directory": {"POST": _PROGRAM_PLAN},
    "api.create_token": {"POST": _PROGRAM_WRITE},
    "api.list_tokens": {"GET": _PROGRAM_READ},
    "api.revoke_token": {"DELETE": _PROGRAM_WRITE},
    "api.list_directory_users": {"GET": _PROGRAM_READ},
    "api.list_directory_groups": {"GET": _PROGRAM_READ},
    "api.list_directory_requests": {"GET": _PROGRAM_READ},
    "api.create_role": {"POST": _PROGRAM_PLAN},
    "api.list_roles": {"GET": _PROGRAM_READ},
    "api.reorder_roles": {"POST": _PROGRAM_PLAN},
    "api.read_role": {"GET": _PROGRAM_READ},
    "api.edit_role": {"PATCH": _PROGRAM_PLAN},
    "api.delete_role": {"DELETE": _PROGRAM_PLAN},
    "api.create_role_mapping": {"POST": _PROGRAM_PLAN},
    "api.list_role_mappings": {"GET": _PROGRAM_READ},
    "api.delete_role_mapping": {"DELETE": _PROGRAM_PLAN},
    "api.list_members": {"GET": _PROGRAM_READ},
    "api.read_member": {"GET": _PROGRAM_READ},
    "api.edit_member": {"PATCH": _PROGRAM_PLAN},
    "api.remove_member": {"DELETE": _PROGRAM_PLAN},
    "api.explain_member": {"GET": _PROGRAM_READ},
    "api.read_lockout_proof": {"GET": _PROGRAM_READ},
    "api.make_recovery_codes": {"POST": _PROGRAM_WRITE},
    "api.confirm_recovery_codes": {"POST": _PROGRAM_WRITE},
    "api.drill_recovery_code": {"POST": _PROGRAM_WRITE},
    "api.create_key": {"POST": _PROGRAM_WRITE},
    "api.list_keys": {"GET": _PROGRAM_READ},
    "api.read_key": {"GET": _PROGRAM_READ},
    "api.revoke_key": {"DELETE": _PROGRAM_WRITE},
    "api.list_alarms": {"GET": _PROGRAM_READ},
    "api.read_alarm": {"GET": _PROGRAM_READ},
    "api.list_alarm_people": {"GET": _PROGRAM_READ},
    "api.dismiss_alarm": {"POST": _PROGRAM_WRITE},
    "api.list_events": {"GET": _PROGRAM_READ},
    "api.list_audit": {"GET": _PROGRAM_READ},
    "api.export_audit": {"GET": _PROGRAM_OWN},
    "api.list_sign_ins": {"GET": _PROGRAM_READ},
}
