"""Property tests of what reads the answers of identity providers; the long form is bench/sign_in_fire.py."""
