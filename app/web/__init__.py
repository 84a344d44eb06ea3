"""Pages and the JSON API: bytes to values and back. It holds no rule; every decision comes from app.services."""
