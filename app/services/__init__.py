"""Use cases: load facts, ask a rule, write what follows, in one transaction. No Flask and no protocol library in
here.
"""
