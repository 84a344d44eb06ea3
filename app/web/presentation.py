"""What each page shows, as values: a view fills one of these and hands it to its template as `page`.

Every template gets `page` (the class named after it below), `shell` (None before anyone is signed in) and `form_token`.
Nothing here is worked out: states, reasons and counts come from the services, and each sentence is shown as it stands.
Two rules hold everywhere: an empty string or None means "leave it out", and a Control that is not allowed stays visible
with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.rules.connections import ServiceProviderValue, SetupField

# ------------------------------------------------------------------------------------------------------ building blocks


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time. `at` is aware UTC, for the title; `relative` is what people read ("3 minutes ago", "in 6
    hours").
    """

    at: datetime
    relative: str


@dataclass(frozen=True, slots=True)
class Control:
    """Whether a button may be pressed. When not: `reason` is one sentence, `fix_label` and `fix_href` where to change
    that.
    """

    allowed: bool
    reason: str = ""
    fix_label: str = ""
    fix_href: str = ""


ALLOWED = Control(allowed=True)


@dataclass(frozen=True, slots=True)
class Change:
    """A control with consequences: `effects` are whole sentences with counts ("Ends 3 sessions."), shown before it is
    confirmed.

    `plan_hash` is the hash of the dry run that was shown; it comes back as the field `plan_hash`. Empty: no such field.
    """

    control: Control
    effects: tuple[str, ...] = ()
    plan_hash: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed and what is wrong with it, both by field name. Errors are whole sentences."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


EMPTY_FORM = Form()


@dataclass(frozen=True, slots=True)
class Notice:
    """A message on top of the page. `tone` is success, info, warning or error (error is announced at once).

    `link_label` and `link_href` lead to more, such as the audit entry of the change.
    """

    tone: str
    text: str
    detail: str = ""
    link_label: str = ""
    link_href: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value. `is_code` shows it in monospace with a copy button."""

    label: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list: `value` is sent, `label` is read, `hint` is a sentence where there is room for one."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """What surrounds every page of someone who is signed in.

    `organization`, `name` and `email` are the signed-in member's. `is_admin` shows the settings links. `recovery_until`
    is when a recovery session ends, None for an ordinary one. `notices` stand above the page, first one first.
    `development` is one sentence when the server runs with development conveniences.
    """

    organization: str
    name: str
    email: str
    is_admin: bool
    recovery_until: Moment | None = None
    notices: tuple[Notice, ...] = ()
    development: str = ""


# ----------------------------------------------------------------------------------------------------------- signing in


@dataclass(frozen=True, slots=True)
class AddressPage:
    """sign_in/address.html. `form` has the field `email`. `notice` is for "You are signed out." and the like.

    `development` is one sentence when codes are printed to the console instead of mailed.
    """

    form: Form = EMPTY_FORM
    notice: Notice | None = None
    development: str = ""


@dataclass(frozen=True, slots=True)
class CodePage:
    """sign_in/code.html and sign_in/first_link.html. `form` has the field `code`; `email` is where the code went.

    `minutes` is how long the code is good for from now. `action` is where the form posts. For first_link.html,
    `provider` is the connection's name and `provider_account` what the provider calls the person.
    """

    email: str
    form: Form = EMPTY_FORM
    minutes: int = 10
    action: str = "/sign-in/code"
    development: str = ""
    provider: str = ""
    provider_account: str = ""


@dataclass(frozen=True, slots=True)
class LeavingPage:
    """sign_in/leaving.html: sends the browser on to the identity provider without a redirect.

    A redirect after a form post is blocked by `form-action 'self'` (Chromium), so the answer to the post is this page.
    `provider` is the connection's name, `url` an absolute http(s) URL that the protocol built.
    """

    provider: str
    url: str


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """sign_in/refused.html. `sentence` may be shown to this person; `reference` ties it to the record an administrator
    reads.

    `code` is the stable reason. `it_facts` are what to hand to IT (no secrets). `retry_href` begins again.
    """

    sentence: str
    code: str
    reference: str
    at: Moment
    it_facts: tuple[Fact, ...] = ()
    retry_href: str = "/sign-in"


@dataclass(frozen=True, slots=True)
class RecoverPage:
    """recover.html: the link that `doorward recover` prints. Opening it spends nothing, posting to `action` does.

    `name` and `email` are whose session opens, `minutes` how long it lasts.
    """

    name: str
    email: str
    organization: str
    action: str
    minutes: int = 15


@dataclass(frozen=True, slots=True)
class RecoverRequestPage:
    """recover_request.html: begins a recovery with a recovery code. `form` has the field `email`.

    Its second step, recover_code.html, is a CodePage whose form also has the field `recovery_code`.
    """

    form: Form = EMPTY_FORM
    development: str = ""


# ---------------------------------------------------------------------------------------------- the first administrator


@dataclass(frozen=True, slots=True)
class StartPage:
    """start.html. `action` is `/start/<token>`; `form` has the fields `organization`, `name` and `email`."""

    action: str
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class LinkSpentPage:
    """link_spent.html. `sentence` says why it does not work; `command` is what the operator runs for a new one."""

    sentence: str
    command: str


@dataclass(frozen=True, slots=True)
class RecoveryCodesPage:
    """start_done.html and settings/recovery_codes.html: codes in clear, in this one answer only.

    `codes` are shown as they stand. `made` is when. `action` takes the confirmation (field `stored`). `replaced` is how
    many unused codes of an older set stopped working (0: there was none). `form` has the field `stored`.
    """

    organization: str
    codes: tuple[str, ...]
    made: Moment
    action: str = "/settings/recovery-codes/confirm"
    replaced: int = 0
    form: Form = EMPTY_FORM


# --------------------------------------------------------------------------------------------- settings: authentication


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """What to put into DNS. `host` is the whole name, `value` the whole text; `ttl` is a hint for people."""

    host: str
    value: str
    type: str = "TXT"
    ttl: str = "300 seconds, or your provider's default"


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """What the last look-up found. `sentence` says it; `values` are the TXT values seen at the host, none of them
    secret.

    `matched` is whether the record was there. `server` is the name server that answered, "" when none did.
    """

    at: Moment
    matched: bool
    sentence: str
    values: tuple[str, ...] = ()
    server: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain. `state` is pending, verified or failed.

    `verified` is when it was, `verified_how` by what ("DNS record", "the operator"). `next_check` is the next automatic
    look-up, `gives_up` when a pending one fails. `missing_since` is set while a verified domain's record is gone.
    `people` is how many members have an address there. `vouch_command` is what the operator runs to verify it without
    the record, "" once it is verified.
    """

    id: str
    host: str
    state: str
    record: DnsRecord
    check: Control
    remove: Change
    verified: Moment | None = None
    verified_how: str = ""
    last_check: DomainCheck | None = None
    next_check: Moment | None = None
    gives_up: Moment | None = None
    missing_since: Moment | None = None
    people: int = 0
    vouch_command: str = ""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One line of a checklist: `label` is the condition, `detail` how it stands now, `fix_*` where to meet it."""

    label: str
    met: bool
    detail: str = ""
    fix_label: str = ""
    fix_href: str = ""


@dataclass(frozen=True, slots=True)
class LastTest:
    """The acting admin's last test sign-in of the latest revision. `href` leads to its page, "" when it is no longer
    kept.
    """

    at: Moment
    succeeded: bool
    sentence: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection. `state` is draft, validating, active or inactive; `protocol` is the kind's title ("SAML").

    `paste` are the values for the identity provider, in its own words. `facts` are what the revision says (issuer, URL,
    certificate expiry). `prerequisites` are those of activation. `untested_edit` is True when an active connection has
    a newer revision that is not in force yet. `sign_ins` is how many people have come in through the revision in force,
    of `people` active members.
    """

    id: str
    name: str
    protocol: str
    state: str
    paste: tuple[ServiceProviderValue, ...]
    facts: tuple[Fact, ...]
    prerequisites: tuple[Prerequisite, ...]
    test: Control
    activate: Change
    deactivate: Change
    edit: Control
    delete: Change
    last_test: LastTest | None = None
    untested_edit: bool = False
    activated: Moment | None = None
    last_sign_in: Moment | None = None
    sign_ins: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """One directory token that was not revoked. `hint` is the part that may be shown ("scim_…a1b2"); None in
    `last_used` means never. `standing` is works, expires_soon or expired.
    """

    id: str
    label: str
    hint: str
    created: Moment
    revoke: Change
    created_by: str = ""
    last_used: Moment | None = None
    expires: Moment | None = None
    standing: str = "works"


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """One group -> role line. `people` is how many members are in the group; `dangling` when the group was deleted."""

    id: str
    group: str
    role: str
    remove: Change
    people: int = 0
    dangling: bool = False


@dataclass(frozen=True, slots=True)
class RoleMappings:
    """The mapping table and its form (fields `source`, `group`, `role`).

    `source` is directory or sign_in. With `groups` empty and source sign_in, the group is typed instead of chosen.
    """

    source: str
    rows: tuple[RoleMapping, ...]
    groups: tuple[Choice, ...]
    roles: tuple[Choice, ...]
    add: Control
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory. `state` is draft, active or inactive.

    `kind` is the provider's title ("Other (SCIM 2.0)"), `provider` what a sentence calls it ("the identity provider"),
    `guide` its value ("generic"), by which the guide to its settings is chosen.

    Counts are of the mirror: `users` (of them `active_users`), `groups`, and `not_members` (active users who are not
    members, with the reason listed elsewhere). `first_request` None means nothing has arrived yet. `pace` says how
    fast people and groups arrive on average over the last `pace_within`, "" when none do. `errors` counts the refused
    requests of the last hour ("3", "more than 1,000"), "" for none. `warnings` are about tokens. `requests_href` leads
    to the record.
    """

    id: str
    name: str
    provider: str
    kind: str
    state: str
    base_url: str
    tokens: tuple[Token, ...]
    new_token: Control
    requests_href: str
    prerequisites: tuple[Prerequisite, ...]
    activate: Change
    deactivate: Change
    delete: Change
    guide: str
    first_request: Moment | None = None
    last_request: Moment | None = None
    users: int = 0
    active_users: int = 0
    groups: int = 0
    not_members: int = 0
    pace: str = ""
    pace_within: str = ""
    errors: str = ""
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """The break-glass box. `left` of `total` codes are unused; `confirmed` is when an admin, `confirmed_by`, stored
    them.

    `confirm` takes the confirmation for a set that was made but not confirmed; it is shown only while `confirmed` is
    None.
    """

    total: int
    left: int
    make: Change
    confirm: Control
    made: Moment | None = None
    confirmed: Moment | None = None
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Someone whose effective role is admin. `why` and `way_in` are sentences, without a full stop.

    `source` is granted, mapped, default or held. `usable` is whether they count for the guard; if not, `missing` says
    what they lack. `proven` is when they last showed that the way in works.
    """

    member_id: str
    name: str
    email: str
    source: str
    why: str
    way_in: str
    usable: bool
    proven: Moment | None = None
    missing: str = ""
    is_you: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Someone kept as admin against a push. `happened` is a sentence without its full stop (`since` follows it),
    `meaning` a whole one.

    `repairs` are steps, the smallest first. `since` is when the push came. `member_id` leads to their row.
    """

    member_id: str
    name: str
    email: str
    since: Moment
    happened: str
    meaning: str
    repairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthenticationPage:
    """settings/authentication.html, the page of the mission.

    `way_in_now` is one sentence on how people sign in at present. `sign_in_mappings` is None while a directory is
    active, because groups of a sign-in do not count then; `directory_mappings` is None while there is no directory.
    Forms: `domain_form` (`host`), `directory_form` (`name`, `provider`). `providers` are the directory's choices,
    `token_lifetimes` those of a new token (the field `expires_in`, in days; "" for never).
    `active_members` counts everyone who is active, administrators too.
    """

    way_in_now: str
    domains: tuple[Domain, ...]
    add_domain: Control
    connections: tuple[Connection, ...]
    add_connection: Control
    directories: tuple[Directory, ...]
    add_directory: Control
    providers: tuple[Choice, ...]
    token_lifetimes: tuple[Choice, ...]
    recovery_codes: RecoveryCodes
    administrators: tuple[Administrator, ...]
    active_members: int = 0
    holds: tuple[Hold, ...] = ()
    directory_mappings: RoleMappings | None = None
    sign_in_mappings: RoleMappings | None = None
    domain_form: Form = EMPTY_FORM
    directory_form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class ConnectionFormPage:
    """settings/connection_new.html, for a new connection and for an edit.

    `protocols` are the kinds (value = protocol, label = title, hint = one sentence). `protocol` is the chosen one, ""
    while none is; only then are `fields` and `paste` empty. `action` is where the form posts. `connection_name` is set
    when editing, and `in_force` when the edited connection is active, so that the page can say the edit waits for its
    test.
    """

    protocols: tuple[Choice, ...]
    action: str
    protocol: str = ""
    fields: tuple[SetupField, ...] = ()
    paste: tuple[ServiceProviderValue, ...] = ()
    form: Form = EMPTY_FORM
    connection_name: str = ""
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class ReceivedAttribute:
    """One attribute or claim as it came. `used_for` is the profile field it filled, "" when it was not used."""

    name: str
    values: tuple[str, ...]
    used_for: str = ""


@dataclass(frozen=True, slots=True)
class ProfileField:
    """One field of the mapped profile. `source` is the attribute it came from; `missing` says what to add when there is
    no value.
    """

    label: str
    value: str
    source: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was not accepted. `name` is stable; `expected`, `received` and `fix` are for the administrator."""

    name: str
    sentence: str
    expected: str = ""
    received: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionTestedPage:
    """settings/connection_tested.html. A test creates nobody and changes no session.

    With `failure` set, the rest but `received` is left empty. `groups_state` is present, empty or unknown; `role` is
    the title of the role that would follow, `role_reason` why. `still_admin` is whether the tester would still be
    admin; `missing` are sentences on what stops activation. `test_again` is the button for another one; `reference` is
    set with `failure`.
    """

    connection_id: str
    connection_name: str
    protocol: str
    at: Moment
    by: str
    test_again: Control
    failure: Failure | None = None
    received: tuple[ReceivedAttribute, ...] = ()
    profile: tuple[ProfileField, ...] = ()
    groups_state: str = "unknown"
    groups: tuple[str, ...] = ()
    role: str = ""
    role_reason: str = ""
    still_admin: bool = False
    missing: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryTokenPage:
    """settings/directory_token.html: a token in clear, in this one answer only.

    `directory_id` leads back to its card, `base_url` is shown beside the token, `expires` None means never. `guide` is
    the provider's value, by which the guide to its settings is chosen.
    """

    directory_id: str
    directory_name: str
    provider: str
    base_url: str
    token: str
    guide: str
    expires: Moment | None = None


# ------------------------------------------------------------------------------------------- settings: request record


@dataclass(frozen=True, slots=True)
class Explained:
    """A stable code with the sentence that explains it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ScimRequest:
    """One request of an identity provider. `tone` is the badge's; `phrase` is the status in words ("Conflict").

    `day` is the date it came, "" for today's. `changed` says in words what it changed. `detail` is what a refused one
    was told. `unknown_more` counts the unknown members that are not listed. `token` is the one it came with, as it may
    be shown, or that there was none, "" where that is not known; `token_note` says so of one that was refused for it.
    `resource_href` leads to all requests on the same user or group. `body` is masked JSON, "" for none.
    """

    id: str
    at: Moment
    day: str
    method: str
    path: str
    status: int
    phrase: str
    tone: str
    duration: str
    changed: str = ""
    detail: str = ""
    deviations: tuple[Explained, ...] = ()
    unknown_members: tuple[str, ...] = ()
    unknown_more: int = 0
    token: str = ""
    token_note: str = ""
    resource: str = ""
    resource_id: str = ""
    resource_href: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One of several ways to look at a list."""

    label: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ScimRequestsPage:
    """settings/scim_requests.html: pages in the order in which requests were recorded, the newest page first; within a
    page by their time, newest first.

    `views` are the outcomes to filter by. `form` has the fields `method` and `resource_id`, and sends `outcome` along.
    `is_filtered` is whether anything is left out; `everything_href` leads to the whole record. `connected` is whether
    the identity provider has ever been here. `days` is how long requests are kept.
    """

    directory_id: str
    directory_name: str
    provider: str
    action: str
    days: int
    connected: bool
    requests: tuple[ScimRequest, ...]
    views: tuple[View, ...]
    methods: tuple[Choice, ...]
    outcome: str
    form: Form
    is_filtered: bool
    everything_href: str
    newer_href: str = ""
    older_href: str = ""


# ------------------------------------------------------------------------------ settings: members and activity, profile


@dataclass(frozen=True, slots=True)
class Member:
    """One row. `state` is invited, active or deactivated; `suspended` and `held` are shown beside it.

    `role` is a slug, `role_label` its title; `why` says where it comes from ("granted by Ada", "from the group
    Engineering"). `managed_by` is the directory that manages them, "" for nobody. `remove.effects` count sessions.
    """

    id: str
    name: str
    email: str
    state: str
    role: str
    role_label: str
    why: str
    change_role: Control
    suspend: Change
    restore: Change
    remove: Change
    suspended: bool = False
    held: bool = False
    managed_by: str = ""
    is_you: bool = False
    last_signed_in: Moment | None = None


@dataclass(frozen=True, slots=True)
class MembersPage:
    """settings/members.html. `roles` are the choices of the role form; `total` counts everyone. `next_href` is the next
    page, "" at the end.
    """

    members: tuple[Member, ...]
    roles: tuple[Choice, ...]
    total: int
    next_href: str = ""
    previous_href: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in. `outcome` is succeeded, failed, in_progress or timed_out; `purpose` is sign_in, test or
    recovery.

    `via` is the way ("Okta", "email code"). `failure` is set for a failed one. `reference` is what the person saw.
    """

    id: str
    at: Moment
    who: str
    via: str
    outcome: str
    purpose: str = "sign_in"
    failure: Failure | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed: `before` and `after` as text, "" for nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change or refusal. `action` is a sentence, `code` its stable name; `refused` with `reason` when it was not
    made.
    """

    id: str
    at: Moment
    actor: str
    action: str
    code: str
    subject: str = ""
    refused: bool = False
    reason: str = ""
    proof: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """settings/activity.html, newest first. The `older_*` links lead to the next page of each list, "" at the end."""

    attempts: tuple[Attempt, ...]
    entries: tuple[AuditRow, ...]
    older_attempts_href: str = ""
    older_entries_href: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser. `way_in` is how it was opened; `is_current` marks the one that asks."""

    id: str
    way_in: str
    opened: Moment
    seen: Moment
    expires: Moment
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """profile.html. `role` is a title, `why` where it comes from; `managed_by` is the directory that manages this
    person, if any.
    """

    name: str
    email: str
    organization: str
    role: str
    why: str
    sessions: tuple[SessionRow, ...]
    managed_by: str = ""


# --------------------------------------------------------------------------------------------------------------- errors


@dataclass(frozen=True, slots=True)
class Helper:
    """Someone who can help: an administrator of the organization."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """error.html. `status` is 400, 403, 404, 405, 409, 413, 429 or 500; `sentence` replaces the page's own one when
    set.

    `helpers` are shown with 403. `retry_after` is in whole seconds, for 429. `reference` is what to quote to the
    operator.
    """

    status: int
    reference: str
    sentence: str = ""
    fix: str = ""
    helpers: tuple[Helper, ...] = ()
    retry_after: int = 0
    back_href: str = "/"
