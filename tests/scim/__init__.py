"""SCIM as clients speak it, against the real storage on SQLite and on PostgreSQL."""
