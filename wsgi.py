"""What gunicorn imports: builds the settings from the environment and the application from them."""

from __future__ import annotations

from app.factory import create_app
from config.logging import configure_logging
from config.settings import load_settings

settings = load_settings()
configure_logging(settings.log_format)
application = create_app(settings)
