"""Pages and the JSON API, through the real application."""
