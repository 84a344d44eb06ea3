"""Settings, logging and gunicorn configuration. Only the factory, the command line and wsgi.py may import it."""
