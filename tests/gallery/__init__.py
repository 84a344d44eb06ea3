"""A walk past every page there is, in the company of the demo: its pictures are those of the documentation, and each
page is held against what anybody may expect of one.
"""
