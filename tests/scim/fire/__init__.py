"""Property tests of the endpoint against the model of tests/scim/model; the long form is bench/fire.py."""
