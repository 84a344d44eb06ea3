"""The JSON API through the real application; every answer is held against the OpenAPI document."""
