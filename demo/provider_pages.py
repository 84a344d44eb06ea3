"""The pages and endpoints of the identity provider: everybody is let in who says who they are."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote_plus, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from demo.identity_provider import IdentityProvider
from demo.people import Person
from demo.saml_provider import UnknownRequestError

#: Set by a link that signs somebody in; counts for the next request to sign in, once.
_AS = "demo_sign_in_as"
_AS_SECONDS = 60


def endpoints(provider: IdentityProvider) -> Blueprint:
    """What Doorward itself talks to."""
    pages = Blueprint("endpoints", __name__)

    @pages.get("/saml/metadata")
    def metadata() -> ResponseReturnValue:
        return Response(provider.metadata, content_type="application/samlmetadata+xml")

    @pages.get("/oidc/.well-known/openid-configuration")
    def discovery() -> ResponseReturnValue:
        return jsonify(provider.oidc.discovery())

    @pages.get("/oidc/keys")
    def keys() -> ResponseReturnValue:
        return jsonify(provider.oidc.published_keys())

    @pages.post("/oidc/token")
    def token() -> ResponseReturnValue:
        sent = request.authorization
        client_id, secret = (unquote_plus(str(sent.get(name))) if sent else "" for name in ("username", "password"))
        tokens = provider.oidc.redeem(request.form.to_dict(), client_id=client_id, client_secret=secret)
        return jsonify(tokens) if tokens else (jsonify(error="invalid_grant"), 400)

    return pages


def sign_in_pages(provider: IdentityProvider) -> Blueprint:
    """Where Doorward sends people."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/saml/sign-in", defaults={"protocol": "saml"})
    @pages.get("/oidc/authorize", defaults={"protocol": "oidc"})
    def ask(protocol: str) -> ResponseReturnValue:
        query = request.query_string.decode("ascii", "replace")
        provider.check_request(protocol, query)
        person = provider.directory.people.get(request.cookies.get(_AS, ""))
        if person is not None:
            return _answer(provider, protocol, query, person)
        return render_template(
            "who.html", cast=provider.directory.cast, hint=_hint(query), protocol=protocol, query=query
        )

    @pages.post("/sign-in")
    def choose() -> ResponseReturnValue:
        person = provider.directory.people.get(request.form.get("person", "")) or abort(400)
        return _answer(provider, request.form.get("protocol", ""), request.form.get("query", ""), person)

    @pages.get("/enter/<person_id>")
    def enter(person_id: str) -> ResponseReturnValue:
        if person_id not in provider.directory.people or not provider.front_door:
            abort(404)
        answer = redirect(provider.front_door)
        answer.set_cookie(_AS, person_id, max_age=_AS_SECONDS, httponly=True, samesite="Lax")
        return answer

    @pages.errorhandler(UnknownRequestError)
    def unknown(error: UnknownRequestError) -> ResponseReturnValue:
        return render_template("refused.html", sentence=str(error)), 400

    return pages


def _answer(provider: IdentityProvider, protocol: str, query: str, person: Person) -> ResponseReturnValue:
    answer = provider.answer(protocol, query, person)
    sent = redirect(answer) if isinstance(answer, str) else Response(render_template("post.html", form=answer))
    sent.delete_cookie(_AS)
    return sent


def _hint(query: str) -> str:
    """Whom Doorward has been told that this is going to be."""
    return parse_qs(urlsplit(f"?{query}").query).get("login_hint", [""])[0]
