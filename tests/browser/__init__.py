"""Stories in a real browser against the real server, with identity providers nobody here wrote."""
