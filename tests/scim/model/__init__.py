"""A directory in plain Python, written from RFC 7643 and 7644, that the endpoint is compared with; no product code."""
