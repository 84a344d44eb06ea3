"""SAML 2.0 service provider: a response becomes an ExternalIdentity or a named rejection.

It owns everything between the browser's post and that value, and knows no member, role, session or database.
"""
