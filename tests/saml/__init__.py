"""Tests of saml/: responses are forged with real keys (forge.py), one mutation each, or come from a real provider."""
