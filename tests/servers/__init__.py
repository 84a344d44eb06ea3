"""The real servers that the tests talk to: PostgreSQL, DNS, SMTP, a browser. Nothing of the application."""
