"""`doorward demo`: a company around a real server, to click through: name server, mail, identity provider, directory.

It acts on Doorward from outside only, as the world does: pages, JSON API, SCIM. It imports nothing of the product, and
of the product only the command line imports it.
"""
