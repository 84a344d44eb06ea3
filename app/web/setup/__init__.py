"""Pages for whoever holds a setup link and is no member: opening it, and the part of the settings that it is for.

Who may call them is said by the route table; what is changed here is changed by the same use cases as on the settings
pages. Links are made and revoked elsewhere, by administrators.
"""
