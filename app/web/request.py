"""The one reader of cookies and keys: who is acting, for which organization, in which unit of work.

Every view is wrapped once, at start, by what the route table says of it; a route that is not in the table stops the
start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from app.rules.actor import OPERATOR, SYSTEM, Actor
from app.rules.connections import ConnectionKind
from app.rules.errors import ForbiddenError, InvalidInputError, UnauthenticatedError
from app.rules.sessions import KNOWN_BROWSER, TOUCH_EVERY
from app.services import organization_keys, sessions
from app.services.organization_keys import Bearer
from app.services.sessions import SignedIn
from app.services.setup_sessions import Holder
from app.services.unit_of_work import Transactions, UnitOfWork, Visitor
from app.web import bearer, holders, protection
from app.web.routes import Caller, Route, Transaction

SESSION_COOKIE = "__Host-doorward"
BROWSER_COOKIE = "__Host-doorward-browser"
REFRESH_HEADER = "Doorward-Refresh"  # a page renewing itself is not a person using it
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MEMBERS = frozenset({Caller.MEMBER, Caller.ADMIN, Caller.FULL_ADMIN})
_BROWSERS = frozenset({Caller.ANYONE}) | _MEMBERS | holders.CALLERS
_FORMS = _BROWSERS | {Caller.PROVIDER}

View = Callable[..., Any]  # as Flask keeps them; ours return ResponseReturnValue


@dataclass(frozen=True, slots=True)
class Context:
    """What the application gives every request: transactions, the operator token's digest, and the connection kinds."""

    transactions: Transactions
    operator_digest: str | None
    kinds: Mapping[str, ConnectionKind]


class UnlistedRouteError(Exception):
    """A route was added without saying who may call it."""


def guard_routes(app: Flask, context: Context, table: dict[str, dict[str, Route]]) -> None:
    """Wrap every view by its entry in the table. Raises UnlistedRouteError for a route or method without one."""
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        listed = table.get(rule.endpoint, {})
        if methods != listed.keys() & methods or not methods:
            raise UnlistedRouteError(f"{rule.rule} {sorted(methods - listed.keys())} is not in the route table")
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = _guarded(view, context, table[endpoint])


def unit() -> UnitOfWork:
    """The unit of work of this request."""
    return cast(UnitOfWork, g.unit)


@contextmanager
def reading() -> Iterator[UnitOfWork]:
    """The unit of this request where it has one open, else one for reading."""
    opened = cast("UnitOfWork | None", g.get("unit"))
    if opened is not None:
        yield opened
        return
    with transactions().reading() as fresh:
        yield fresh


@contextmanager
def writing() -> Iterator[UnitOfWork]:
    """For views that open their own units, because they talk to the network in between: whoever acts is asked for again
    under the lock, as in every other writing unit. A dry run gets one that only plans.
    """
    open_ = transactions().snapshot if is_dry_run() else transactions().writing
    with open_(actor()) as opened:
        opened.recheck = _recheck(cast(Route, g.route))
        yield opened
        g.latest_entry = opened.latest_entry


def latest_entry() -> str:
    """The id of the newest audit entry that this request writes, "" where there is none."""
    opened = cast("UnitOfWork | None", g.get("unit"))
    return opened.latest_entry if opened is not None else cast(str, g.get("latest_entry", ""))


def is_dry_run() -> bool:
    """Whether this request asks what a change would do, instead of asking for it. Raises InvalidInputError for
    anything but true or false, and where there is no dry run.
    """
    asked = request.args.get("dry_run")
    if asked is None:
        return False
    if not cast(Route, g.route).plans:
        raise InvalidInputError("There is no dry run of this.", code="not_supported", field="dry_run")
    if asked not in {"true", "false"}:
        raise InvalidInputError("This is either true or false.", field="dry_run")
    return asked == "true"


def reference() -> str:
    """What ties a page to the log; one per request."""
    if "reference" not in g:
        g.reference = f"req-{transactions().ports.randomness.key(10)}"
    return cast(str, g.reference)


def transactions() -> Transactions:
    """For views that open their own units, which are this request's."""
    return cast(Context, current_app.extensions["doorward"]).transactions.for_request_of(visitor())


def kinds() -> Mapping[str, ConnectionKind]:
    """The sign-in protocols, by name."""
    return cast(Context, current_app.extensions["doorward"]).kinds


def signed_in() -> SignedIn:
    """Who is signed in; only for routes that are for members."""
    return cast(SignedIn, g.signed_in)


def signed_in_or_none() -> SignedIn | None:
    """Who is signed in, if anybody."""
    return cast("SignedIn | None", g.get("signed_in"))


def organization_id() -> str:
    """The organization of whoever is signed in: no settings page takes it from the URL."""
    return signed_in().organization_id


def holder() -> Holder:
    """Who holds the setup link; only for routes that are for them."""
    return cast(Holder, g.holder)


def is_for_holders() -> bool:
    """Whether this request is for a route of those who hold a setup link."""
    route = cast("Route | None", g.get("route"))
    return route is not None and route.caller in holders.CALLERS


def actor() -> Actor:
    """Who is acting in this request."""
    return cast(Actor, g.get("actor", SYSTEM))


def browser() -> str:
    """The token that binds sign-ins to this browser; made on first use and set with the answer."""
    if "browser" not in g:
        known = request.cookies.get(BROWSER_COOKIE, "")
        g.browser = known if len(known) == len(_fresh()) else _fresh()
    return cast(str, g.browser)


def network_address() -> str:
    """Where the request comes from, as far as proxies are trusted to say."""
    return request.remote_addr or ""


def visitor() -> Visitor:
    """Where the request comes from, and from which browser."""
    return Visitor(network_address(), request.headers.get("User-Agent", ""))


def is_known_browser() -> bool:
    """Whether the browser brought the token that sign-ins are bound to."""
    return request.cookies.get(BROWSER_COOKIE) == browser()


def form_token(session_token: str | None = None) -> str:
    """What every form of ours carries: bound to the session where there is one, else to the browser.

    `session_token` is the session that this very answer opens.
    """
    sealing = transactions().ports.sealing
    cookie = holders.COOKIE if is_for_holders() else SESSION_COOKIE
    bound_to = session_token or request.cookies.get(cookie) or browser()
    return sealing.code_digests(bound_to, place="form")[0]


def keep_browser(response: Response) -> Response:
    """Set the browser cookie where one was made or somebody signs in. Cross-site answers of identity providers must
    carry it, so SameSite is None.
    """
    if "browser" in g and (request.cookies.get(BROWSER_COOKIE) != g.browser or "signs_in" in g):
        response.set_cookie(
            BROWSER_COOKIE, g.browser, max_age=KNOWN_BROWSER, path="/", secure=True, httponly=True, samesite="None"
        )
    return response


def sign_in_browser(response: Response, token: str) -> Response:
    """Give the browser its session; whatever session it had before ends."""
    g.signs_in = True
    earlier = request.cookies.get(SESSION_COOKIE)
    if earlier:
        opened = cast("UnitOfWork | None", g.get("unit"))
        with nullcontext(opened) if opened is not None else transactions().writing() as unit_:
            sessions.end_replaced(unit_, earlier)
    response.set_cookie(SESSION_COOKIE, token, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def sign_out_browser(response: Response) -> Response:
    """Take the session cookie away."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _guarded(view: View, context: Context, routes: dict[str, Route]) -> View:
    @wraps(view)
    def guarded(*args: Any, **values: Any) -> ResponseReturnValue:
        route = routes["GET" if request.method in {"HEAD", "OPTIONS"} else request.method]
        g.route = route
        if route.caller is Caller.PROVIDER and request.method == "HEAD":
            raise MethodNotAllowed  # a look must not spend what only the visit may spend
        _check_origin(route)
        if route.caller in _FORMS:
            protection.refuse_unstorable(values)
        if route.caller in bearer.CALLERS:
            _authenticate_bearer(route, context, organization_id=values.get("org"))
        try:
            with _opened(route) as opened:
                g.unit = opened
                _authenticate(route, context, opened)
                if opened is not None:
                    opened.actor = actor()
                    opened.recheck = _recheck(route)
                answer: ResponseReturnValue = view(*args, **values)
        finally:
            g.unit = None  # whoever makes an error page opens a transaction of its own
        _touch(context)
        return answer

    return guarded


@contextmanager
def _opened(route: Route) -> Iterator[UnitOfWork | None]:
    asks_only = is_dry_run()  # read here for every route: what is not understood is refused before anything is done
    if route.transaction is Transaction.WRITE and asks_only:
        _need_credentials(route)
        with transactions().snapshot() as opened:
            yield opened
    elif route.transaction is Transaction.WRITE:
        _need_credentials(route)
        with transactions().writing() as opened:
            yield opened
    elif route.transaction is Transaction.READ:
        with transactions().reading() as opened:
            yield opened
    else:
        yield None


def _need_credentials(route: Route) -> None:
    """Whoever brings nothing at all does not get to hold the writer's lock."""
    if route.caller in holders.CALLERS and holders.COOKIE not in request.cookies:
        raise UnauthenticatedError(holders.OPEN_THE_LINK)
    if route.caller in _MEMBERS and SESSION_COOKIE not in request.cookies:
        raise UnauthenticatedError("Sign in to see this page.")


def _authenticate(route: Route, context: Context, opened: UnitOfWork | None) -> None:
    """Find out who is calling, inside the request's own transaction, and whether the route is for them."""
    if route.caller not in _BROWSERS:
        return
    if route.caller in holders.CALLERS:
        _authenticate_holder(route, context.transactions, opened)
    else:
        _authenticate_member(route, context, opened)
    if request.method in _UNSAFE:
        protection.check_form_token(form_token(), sealing=context.transactions.ports.sealing)


def _authenticate_holder(route: Route, transactions_: Transactions, opened: UnitOfWork | None) -> None:
    g.holder = holders.authenticate(route.caller, transactions_, opened)
    g.actor = g.holder.actor


def _authenticate_member(route: Route, context: Context, opened: UnitOfWork | None) -> None:
    g.signed_in = _recognise(context, opened)
    if g.signed_in is not None:
        g.actor = g.signed_in.actor
    if route.caller is not Caller.ANYONE:
        _admit(route.caller)


def _recognise(context: Context, opened: UnitOfWork | None) -> SignedIn | None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    with nullcontext(opened) if opened is not None else context.transactions.reading() as unit_:
        return sessions.recognise(unit_, token)


def _recheck(route: Route) -> Callable[[UnitOfWork], None] | None:
    """For after the lock: a session, role or link that ended while the request waited is worth nothing any more."""
    if route.caller in bearer.CALLERS:
        return _recheck_key()
    if route.caller in holders.CALLERS:
        return partial(_authenticate_holder, route, transactions())
    token = request.cookies.get(SESSION_COOKIE)
    if signed_in_or_none() is None or token is None or route.caller is Caller.ANYONE:
        return None

    def recheck(opened: UnitOfWork) -> None:
        g.signed_in = sessions.recognise(opened, token)
        _admit(route.caller)

    return recheck


def _admit(caller: Caller) -> None:
    person = signed_in_or_none()
    if person is None:
        raise UnauthenticatedError("Sign in to see this page.")
    if caller is Caller.MEMBER and person.is_recovery:
        raise ForbiddenError("A recovery session is for the authentication settings only.")
    if caller in {Caller.ADMIN, Caller.FULL_ADMIN} and not person.is_admin:
        raise ForbiddenError("Only administrators see this page.")
    if caller is Caller.FULL_ADMIN and person.is_recovery:
        raise ForbiddenError("A recovery session is for the authentication settings only.")


def _authenticate_bearer(route: Route, context: Context, *, organization_id: str | None) -> None:
    """Find out which program is calling, before the writer's lock is taken: a stranger does not get to hold it."""
    g.bearer = bearer.authenticate(
        route.caller, context.transactions, operator_digest=context.operator_digest, organization_id=organization_id
    )
    g.actor = OPERATOR if g.bearer is None else g.bearer.actor


def _recheck_key() -> Callable[[UnitOfWork], None] | None:
    """For after the lock: a key that was revoked while the request waited is worth nothing any more."""
    return None if g.bearer is None else bearer.authenticate_again


def _check_origin(route: Route) -> None:
    if request.method in _UNSAFE and route.caller in _BROWSERS:
        protection.check_same_origin(base_url=transactions().ports.base_url)


def _touch(context: Context) -> None:
    """Note that a session or a key is in use, after the answer was made and at most once a minute."""
    if is_dry_run():
        return  # looking at what would be must not write, nor wait for whoever does
    key = cast("Bearer | None", g.get("bearer"))
    if key is not None and key.wants_note:
        with context.transactions.writing() as opened:
            organization_keys.note_use(opened, key)
        return
    if REFRESH_HEADER in request.headers:
        return
    if is_for_holders():
        holders.touch(context.transactions, holder())
        return
    person, token = signed_in_or_none(), request.cookies.get(SESSION_COOKIE)
    if person is None or token is None:
        return
    if not person.is_unseen and context.transactions.ports.clock.now() - person.seen_at < TOUCH_EVERY:
        return
    with context.transactions.writing() as opened:
        sessions.touch(opened, token, address=network_address(), user_agent=request.headers.get("User-Agent", ""))


def _fresh() -> str:
    return transactions().ports.randomness.token()
