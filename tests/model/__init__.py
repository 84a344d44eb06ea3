"""Whether the authority rules keep what they promise: every small world searched through, and long random lives."""
