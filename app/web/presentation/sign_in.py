"""Pages of those who are not signed in yet: signing in, recovery, the first administrator."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from app.web.presentation.elements import EMPTY_FORM, Form, Moment, Notice


@dataclass(frozen=True, slots=True)
class AddressPage:
    """sign_in/address.html. `form` has the field `email`. `notice` is for "You are signed out." and the like.

    `development` is one sentence when codes are printed to the console instead of mailed. `return_to` is the path that
    signing in leads to.
    """

    form: Form = EMPTY_FORM
    notice: Notice | None = None
    development: str = ""
    return_to: str | None = None


@dataclass(frozen=True, slots=True)
class CodePage:
    """sign_in/code.html and sign_in/first_link.html. `form` has the field `code`; `email` is where the code went.

    `is_founding` is whether it founds an organization. `minutes` is how long the code is good for from now.
    `action` is where the form posts. For first_link.html, `provider` is the connection's name and
    `provider_account` what the provider calls the person. `again_href` begins again.
    """

    email: str
    is_founding: bool = False
    form: Form = EMPTY_FORM
    minutes: int = 10
    action: str = "/sign-in/code"
    development: str = ""
    provider: str = ""
    provider_account: str = ""
    again_href: str = "/sign-in"


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """sign_in/consent.html: somebody came from the identity provider without having asked for it here. `provider` is
    the connection's name, `action` where the answer goes. `signed_in_as` is whose session continuing ends, "" for
    nobody's.
    """

    organization: str
    email: str
    provider: str
    action: str
    signed_in_as: str = ""
    minutes: int = 10


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
    """sign_in/refused.html: a sign-in or sign-out that was refused, as `heading` says. `sentence` and `fix` are for
    this person; `reference` ties it to the record an administrator reads.

    `may_recover` is whether recovery is for them. `code` is the stable reason. `it_fix` is what IT may have to
    change. `retry_href` begins again. `on_record` is whether administrators find it.
    """

    sentence: str
    code: str
    reference: str
    at: Moment
    fix: str = ""
    it_fix: str = ""
    on_record: bool = False
    may_recover: bool = False
    retry_href: str = "/sign-in"
    heading: str = "You could not be signed in"


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


@dataclass(frozen=True, slots=True)
class StartPage:
    """start.html. `action` is `/start/<token>`; `form` has the fields `organization`, `name` and `email`."""

    action: str
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class LinkSpentPage:
    """link_spent.html. `sentence` says why it does not work; `command` is what the operator runs for a new one,
    "" where it is not theirs to make.
    """

    sentence: str
    command: str


@dataclass(frozen=True, slots=True)
class FactorPage:
    """sign_in/factor.html: a code of the authenticator app, or a backup code; `form` and `backup_form` have the
    field `code`.

    `confirms`: somebody who is signed in shows that it is still them.
    """

    email: str
    action: str
    confirms: bool = False
    form: Form = EMPTY_FORM
    backup_form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class EnrollmentPage:
    """sign_in/enroll.html: an authenticator app is set up. `qr` is an SVG element, `key` what it says for those who
    type it, `address` the same for those who sit at the device with the app. `form` has the field `code`.

    `is_asked_for`: they asked for it themselves, and may leave it.
    """

    email: str
    action: str
    qr: Markup
    key: str
    address: str
    is_asked_for: bool = False
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class BackupCodesPage:
    """backup_codes.html: a person's own codes in clear, in this one answer only. `form` has the field `stored`;
    `return_to` is where they go next.
    """

    codes: tuple[str, ...]
    made: Moment
    email: str
    return_to: str = "/"
    form: Form = EMPTY_FORM


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """confirm.html: somebody who is signed in is about to show that it is still them; `return_to` is where they go
    next. `provider` is the connection that asks them, "" where the app or the mailbox does; `may_recover` says that
    there is another way for them should it fail.
    """

    email: str
    return_to: str
    provider: str = ""
    may_recover: bool = False


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """invitation.html: who invites whom to what. `role` is a title; `action` begins the sign-in that accepts."""

    organization: str
    email: str
    role: str
    invited_by: str
    expires: Moment
    action: str
