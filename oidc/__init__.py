"""OpenID Connect relying party: a callback becomes an ExternalIdentity or a named rejection.

It owns the conversation with the provider and knows no member, role or session.
"""
