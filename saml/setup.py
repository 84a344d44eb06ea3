"""What an administrator submits to set a SAML connection up, understood field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from app.ports.http import Http, HttpFailedError
from app.rules.certificates import Certificate
from app.rules.connections import Settings, SetupField
from app.rules.errors import InvalidInputError, UnreachableError
from app.rules.following import Published
from saml.attributes import AttributeNames
from saml.certificates import MOST_CERTIFICATES, BadCertificateError, pem, read_certificate, split_pem
from saml.metadata import entity_id_fault, read_metadata, url_fault

_WAYS = ("metadata_url", "metadata_xml")
_BY_HAND = ("entity_id", "sso_url", "certificates")
_SLO_URL = "slo_url"
_SLO_RESPONSE_URL = "slo_response_url"
_ATTRIBUTES = tuple(field.name for field in fields(AttributeNames))
_SIGN_REQUESTS = "sign_requests"
_ALLOW_IDP_INITIATED = "allow_idp_initiated"
_TICKED = (_SIGN_REQUESTS, _ALLOW_IDP_INITIATED)
_LONGEST_TEXT = 2048

SETUP_FIELDS = (
    SetupField(
        "idp.metadata_url", "Metadata URL", "url", 'Entra: "App Federation Metadata Url". Okta: "Metadata URL".'
    ),
    SetupField("idp.metadata_xml", "Metadata XML", "textarea", 'Instead of the URL. Google: "Download metadata".'),
    SetupField("idp.entity_id", "Entity ID of the identity provider", "text", "Only without metadata."),
    SetupField("idp.sso_url", "Single sign-on URL", "url", "Only without metadata; the one for HTTP-Redirect."),
    SetupField("idp.slo_url", "Single logout URL", "url", "Only without metadata, and only if the provider has one."),
    SetupField(
        "idp.certificates", "Signing certificates", "textarea", "Only without metadata; PEM, one after another."
    ),
    SetupField(
        _SIGN_REQUESTS,
        "Sign requests",
        "checkbox",
        "Only when the identity provider asks for it; it then needs our metadata, with our certificate.",
    ),
    SetupField(
        _ALLOW_IDP_INITIATED,
        "Allow sign-ins that begin at the identity provider",
        "checkbox",
        "For a tile of Doorward on the provider's own page (IdP-initiated). Leave it off where people begin here.",
        warning="People may come in from the identity provider's page without having asked for it here. Whoever gets "
        "hold of such an answer within its few minutes can use it once, in a browser of their own. A page asks people "
        "before they are signed in.",
    ),
    SetupField("attributes.email", "Attribute with the email address", "text", "Empty: the usual names."),
    SetupField("attributes.first_name", "Attribute with the first name", "text", "Empty: the usual names."),
    SetupField("attributes.last_name", "Attribute with the last name", "text", "Empty: the usual names."),
    SetupField("attributes.display_name", "Attribute with the full name", "text", "Empty: the usual names."),
    SetupField("attributes.groups", "Attribute with the groups", "text", "Empty: the usual names."),
    SetupField(
        "attributes.groups_separator",
        "Separator of groups",
        "text",
        "Only when all groups come as one value: red,green.",
        keeps_blanks=True,
    ),
    SetupField(
        "attributes.subject",
        "Attribute that never changes for a person",
        "text",
        "Empty: the NameID, which should then be persistent.",
    ),
)


def read_submitted(
    submitted: Mapping[str, Any], *, stored: Settings | None = None, http: Http, now: datetime
) -> dict[str, Any]:
    """The settings of a revision. Empty texts count as absent, as forms send them. Of two ways to name the identity
    provider the one that says what is `stored` is what a form was filled in with, and passed over.

    Raises InvalidInputError for the field at fault, UnreachableError when the metadata URL gives no metadata.
    """
    _refuse_unknown(submitted, known=("idp", "attributes", *_TICKED), prefix="")
    idp = _without_filled(_part(submitted, "idp", known=(*_WAYS, *_BY_HAND, _SLO_URL)), stored)
    attributes = _part(submitted, "attributes", known=_ATTRIBUTES)
    settings: dict[str, Any] = {"idp": as_settings(_provider(idp, http=http, now=now))}
    if stored is not None and _logs_out_alike(stored["idp"], settings["idp"]) and not set(_WAYS) & set(idp):
        settings["idp"] |= {_SLO_RESPONSE_URL: stored["idp"][_SLO_RESPONSE_URL]}
    if "metadata_url" in idp:
        settings["idp"]["metadata_url"] = idp["metadata_url"]
    if attributes:
        settings["attributes"] = {
            name: _line(value, field=f"attributes.{name}", trim=name != "groups_separator")
            for name, value in attributes.items()
        }
    for name in _TICKED:
        if _is_ticked(submitted.get(name), field=name):
            settings[name] = True
    return settings


def as_settings(provider: Published) -> dict[str, Any]:
    """An identity provider as it stands in a revision."""
    logout = {"slo_url": provider.slo_url, "slo_response_url": provider.slo_response_url}
    return {
        "entity_id": provider.entity_id,
        "sso_url": provider.sso_url,
        "certificates": [certificate.as_settings() for certificate in provider.certificates],
        **{name: url for name, url in logout.items() if url is not None},
    }


def as_typed(settings: Settings) -> dict[str, str]:
    """The fields of the form that say the same."""
    idp = settings["idp"]
    if "metadata_url" in idp:
        said = {"metadata_url": idp["metadata_url"]}
    else:
        said = {name: idp[name] for name in ("entity_id", "sso_url", _SLO_URL) if name in idp}
        said["certificates"] = "\n".join(pem(certificate["der"]) for certificate in idp["certificates"])
    return {
        **{f"idp.{name}": value for name, value in said.items()},
        **{name: "yes" for name in _TICKED if settings.get(name)},
        **{f"attributes.{name}": value for name, value in settings.get("attributes", {}).items()},
    }


def signs_requests(settings: Settings) -> bool:
    """Whether the requests of a connection with these settings are signed."""
    return bool(settings.get(_SIGN_REQUESTS))


def allows_unsolicited(settings: Settings) -> bool:
    """Whether a connection with these settings takes answers that nobody has asked for."""
    return bool(settings.get(_ALLOW_IDP_INITIATED))


def _is_ticked(value: Any, *, field: str) -> bool:
    """A checkbox, as JSON or as forms send it."""
    if value is True or value in ("yes", "true"):
        return True
    if value is False or value in (None, "", "no", "false"):
        return False
    raise InvalidInputError("This must be true or false.", field=field)


def _without_filled(idp: dict[str, Any], stored: Settings | None) -> dict[str, Any]:
    """Without what the form of an edit was filled in with, where the identity provider is named in another way too."""
    if stored is None:
        return idp
    filled = {name.partition(".")[2]: value for name, value in as_typed(stored).items()}
    typed = {name: value.replace("\r\n", "\n").strip() for name, value in idp.items() if isinstance(value, str)}
    as_it_came = {name for name, value in typed.items() if filled.get(name) == value}
    left = {name: value for name, value in idp.items() if name not in as_it_came}
    return left if set(left) & set(_WAYS) else idp


def _logs_out_alike(stored: Mapping[str, Any], idp: Mapping[str, Any]) -> bool:
    """Whether the same provider takes logouts at the same place, so that their answers go where they went, which only
    metadata can say.
    """
    same = all(stored.get(name) == idp.get(name) for name in ("entity_id", _SLO_URL))
    return same and _SLO_RESPONSE_URL in stored


def _refuse_unknown(given: Mapping[str, Any], *, known: tuple[str, ...], prefix: str) -> None:
    for key in given:
        if key not in known:
            raise InvalidInputError(
                f"There is no such field; known are {', '.join(known)}.", field=f"{prefix}{key}"[:100]
            )


def _part(submitted: Mapping[str, Any], name: str, *, known: tuple[str, ...]) -> dict[str, Any]:
    """One of the nested objects, without what is empty."""
    part = submitted.get(name) or {}
    if not isinstance(part, Mapping):
        raise InvalidInputError("This must be an object.", field=name)
    _refuse_unknown(part, known=known, prefix=f"{name}.")
    return {key: value for key, value in part.items() if value not in (None, "", [])}


def _provider(idp: dict[str, Any], *, http: Http, now: datetime) -> Published:
    ways = [way for way in _WAYS if way in idp] + ["entity_id"] * any(key in idp for key in (*_BY_HAND, _SLO_URL))
    if not ways:
        sentence = (
            "Give the metadata URL. Where there is none: metadata XML, or entity ID, sign-on URL and certificates."
        )
        raise InvalidInputError(sentence, field="idp.metadata_url")
    if len(ways) > 1:
        raise InvalidInputError(
            "Give exactly one: a metadata URL, metadata XML, or entity ID, sign-on URL and certificates.",
            field=f"idp.{ways[1]}",
        )
    if "metadata_url" in idp:
        idp["metadata_url"] = _line(idp["metadata_url"], field="idp.metadata_url")
        return fetch_metadata(idp["metadata_url"], http=http, now=now)
    if "metadata_xml" in idp:
        document = _text(idp["metadata_xml"], field="idp.metadata_xml")
        return read_metadata(document.strip().encode(), field="idp.metadata_xml", now=now)
    return _by_hand(idp)


def fetch_metadata(url: str, *, http: Http, now: datetime) -> Published:
    """The identity provider whose metadata stands at `url`. Raises InvalidInputError, UnreachableError."""
    field = "idp.metadata_url"
    try:
        answer = http.get(url, headers={"accept": "application/samlmetadata+xml, application/xml, text/xml"})
    except HttpFailedError as error:
        raise UnreachableError(f"The metadata could not be fetched: {error}", field=field) from error
    if answer.status != 200:
        raise UnreachableError(f"The metadata could not be fetched: the server answered {answer.status}.", field=field)
    return read_metadata(answer.body, field=field, now=now)


def _by_hand(idp: dict[str, Any]) -> Published:
    for key in _BY_HAND:
        if key not in idp:
            raise InvalidInputError("This is needed where there is no metadata.", field=f"idp.{key}")
    sso_url = _line(idp["sso_url"], field="idp.sso_url")
    if fault := url_fault(sso_url):
        raise InvalidInputError(f"The sign-on URL {fault}.", field="idp.sso_url")
    entity_id = _text(idp["entity_id"], field="idp.entity_id").strip()
    if fault := entity_id_fault(entity_id):
        raise InvalidInputError(f"The entity ID {fault}.", field="idp.entity_id")
    return Published(entity_id, sso_url, _certificates(idp["certificates"]), slo_url=_slo_url(idp))


def _slo_url(idp: dict[str, Any]) -> str | None:
    if _SLO_URL not in idp:
        return None
    slo_url = _line(idp[_SLO_URL], field="idp.slo_url")
    if fault := url_fault(slo_url):
        raise InvalidInputError(f"The logout URL {fault}.", field="idp.slo_url")
    return slo_url


def _certificates(pasted: Any) -> tuple[Certificate, ...]:
    """From a list with one certificate in each entry, or a text with one after another; PEM or its base64."""
    field = "idp.certificates"
    entries = pasted if isinstance(pasted, list) else [pasted]
    encoded = [part for entry in entries for part in split_pem(_text(entry, field=field))]
    if len(encoded) > MOST_CERTIFICATES:
        raise InvalidInputError(f"There are more than {MOST_CERTIFICATES} certificates.", field=field)
    try:
        found = [read_certificate(part) for part in encoded]
    except BadCertificateError as error:
        raise InvalidInputError(f"A certificate {error}.", field=field) from error
    return tuple({certificate.fingerprint: certificate for certificate in found}.values())


def _text(value: Any, *, field: str) -> str:
    """Text that can be written down: no lone surrogates."""
    if not isinstance(value, str):
        raise InvalidInputError("This must be text.", field=field)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError("This is not readable text.", field=field) from error
    return value


def _line(value: Any, *, field: str, trim: bool = True) -> str:
    """One line of text, not empty and not too long."""
    line = _text(value, field=field)
    line = line.strip() if trim else line
    if not line or not line.isprintable() or len(line) > _LONGEST_TEXT:
        raise InvalidInputError(f"This must be one line of at most {_LONGEST_TEXT} characters.", field=field)
    return line
