"""What the settings pages show of one organization, as values. Owns reading for people, never a change or a decision.

The number of queries depends on how many domains, connections and directories there are, not on how many members.
"""
