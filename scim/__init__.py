"""SCIM 2.0 as identity providers speak it: bytes to directory records and back. It decides no membership."""
