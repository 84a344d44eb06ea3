"""How gunicorn serves Doorward: processes, time-outs, limits, and who may set proxy headers."""

from __future__ import annotations

from config.garbage import collect_seldom
from config.settings import load_settings

_settings = load_settings()

bind = _settings.bind
workers = _settings.workers
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 30
keepalive = 5
# A worker is replaced now and then, so that no leak of a library lasts; the jitter keeps them from going together.
max_requests = 20_000
max_requests_jitter = 2_000
# Long SCIM filters and SAML redirects do not fit into the default of 4,094 bytes.
limit_request_line = 8190
# Headers of proxies are read by the application, from as many proxies as the setting says, never by gunicorn.
forwarded_allow_ips = ""
# The control socket opens a file under HOME by default; nothing here uses it.
control_socket_disable = True
proc_name = "doorward"


def post_worker_init(_worker: object) -> None:
    """Called by gunicorn in each worker, once the application is loaded."""
    collect_seldom()
