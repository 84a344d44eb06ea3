"""A Django project around django-scim2, run in an environment of its own in which Doorward's libraries are not."""
