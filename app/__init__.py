"""Doorward itself: rules, ports, store, services and pages. It does not own a wire protocol: scim/, saml/ and oidc/
do.
"""
