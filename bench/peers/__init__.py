"""SCIM servers of others, each installed from a lock of its own into `.cache/peers`; never imported by Doorward."""
