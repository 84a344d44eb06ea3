"""Where the shape of a test comes from, and the mark a test carries that names it."""

from __future__ import annotations

from enum import StrEnum

import pytest


class Origin(StrEnum):
    """How well a shape is known. The closest source wins: a captured request before a page that describes it."""

    RECORDED_EXCHANGE = "recorded exchange"
    VENDOR_DOCUMENTATION = "vendor documentation"
    VENDOR_TEST_SUITE = "vendor's own test suite"
    PUBLIC_THREAD = "public thread"
    THIRD_PARTY_GUIDE = "third party's guide"
    STANDARD = "standard"
    MADE_UP_HERE = "made up here"


#: What every test of a checklist is marked with.
MARK = "shape"

ENTRA_TUTORIAL = (
    "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups"
)
ENTRA_FLAGS = (
    "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/"
    "application-provisioning-config-problem-scim-compatibility"
)
ENTRA_ATTRIBUTES = "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/customize-application-attributes"
ENTRA_VALIDATOR = "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/scim-validator-tutorial"
ENTRA_GALLERY = "https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/v2-howto-app-gallery-listing"
#: A failing run of the validator, quoted with its requests: the user it creates and the filter it reads back with.
VALIDATOR_RUN = (
    "https://learn.microsoft.com/en-us/answers/questions/2238842/microsoft-entra-id-scim-validator-test-failing-pat"
)
#: Another, with the PATCH that holds dotted keys.
VALIDATOR_PATCH = (
    "https://docs.microsoft.com/en-us/answers/questions/1665068/scim-validation-tool-(https-scimvalidator-microsof"
)
OKTA_REFERENCE = "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20"
#: Okta's SPEC test as Okta exports it, read where it is checked in unchanged.
OKTA_SPEC = "https://github.com/BerriAI/litellm/blob/main/tests/scim_tests/scim_e2e_test.json"


def shape(origin: Origin, source: str) -> pytest.MarkDecorator:
    """Mark a test with where its shape comes from.

    `source` is an address, `RFC 7644 3.5.2` for a standard, and for what was made up here the reason why it had to be.
    """
    return getattr(pytest.mark, MARK)(origin, source)  # type: ignore[no-any-return]


def rfc(section: str) -> pytest.MarkDecorator:
    """Mark a test with a section of a standard: `rfc("7644 3.5.2")`."""
    return shape(Origin.STANDARD, f"RFC {section}")


def broken(reason: str) -> pytest.MarkDecorator:
    """Mark a test of something that does not work yet. It must fail, by an assertion; once it passes, the mark goes."""
    return pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason)


#: What the tests of cursors say until they pass.
CURSORS = "cursors land in this change set"
