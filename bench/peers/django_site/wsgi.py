"""The application, and `python -m bench.peers.django_site.wsgi`, which makes its tables and its token."""

from __future__ import annotations

import os

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.django_site.settings")

if __name__ == "__main__":
    django.setup()
    # Imported late, because models can be imported only after the set-up.
    from bench.peers.django_site.models import Token
    from bench.peers.django_site.tokens import digest

    call_command("migrate", run_syncdb=True, verbosity=0)
    Token.objects.create(digest=digest(os.environ["PEER_TOKEN"]))
else:
    application = get_wsgi_application()
