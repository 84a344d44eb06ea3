"""Settings of the project: only the parts of Django that a SCIM endpoint needs, and connections that stay open."""

from __future__ import annotations

import os

SECRET_KEY = "only-for-the-benchmark-0123456789abcdef0123456789abcdef"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "bench.peers.django_site.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "bench.peers.django_site"]
MIDDLEWARE = ["bench.peers.django_site.tokens.BearerTokens"]
AUTH_USER_MODEL = "django_site.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PEER_DATABASE"],
        "USER": "postgres",
        "HOST": os.environ["PEER_DATABASE_HOST"],
        "CONN_MAX_AGE": None,
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
SCIM_SERVICE_PROVIDER = {
    "NETLOC": "127.0.0.1",
    "SCHEME": "http",
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "Bearer token", "description": "A bearer token"}],
    "USER_ADAPTER": "bench.peers.django_site.adapters.UserAdapter",
    "GROUP_MODEL": "bench.peers.django_site.models.Group",
    "GROUP_ADAPTER": "bench.peers.django_site.adapters.GroupAdapter",
    "USER_FILTER_PARSER": "bench.peers.django_site.filters.UserFilter",
    "GROUP_FILTER_PARSER": "bench.peers.django_site.filters.GroupFilter",
    "WWW_AUTHENTICATE_HEADER": 'Bearer realm="benchmark"',
}
