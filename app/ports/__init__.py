"""The outside world as small interfaces (clock, ids, DNS, HTTP, mail, sealing). It owns no rule and no table."""
