"""How gunicorn serves it: as config/gunicorn.py serves everybody else."""

from __future__ import annotations

import os

bind = f"127.0.0.1:{os.environ['PEER_PORT']}"
workers = 2
worker_class = "gthread"
threads = 4
keepalive = 5
limit_request_line = 8190
control_socket_disable = True
