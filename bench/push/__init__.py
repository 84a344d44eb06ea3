"""A load as an identity provider brings it: the first push, its groups, the changes of some days, a reconciliation."""
