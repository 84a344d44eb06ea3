"""The settings pages of an organization's administrators: one blueprint per noun. Owns no rule and no query."""
