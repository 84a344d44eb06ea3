"""The JSON API under /api/v1 and its OpenAPI document. It does not own SCIM, which is a protocol of its own."""
