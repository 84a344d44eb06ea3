"""Users, groups and tokens, as the documentation of django-scim2 has them, with the indexes its queries need."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Upper
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    """A group; `user_set` are its members."""

    name = models.CharField(max_length=254, unique=True)


class User(AbstractSCIMUserMixin, AbstractBaseUser):
    """What the library knows of a user in columns, the rest of the document (title, phone numbers, ...) as JSON."""

    username = models.CharField(max_length=254)
    first_name = models.CharField(max_length=254, blank=True)
    last_name = models.CharField(max_length=254, blank=True)
    display_name = models.CharField(max_length=254, blank=True)
    email = models.EmailField()
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    rest = models.JSONField(default=dict)
    scim_groups = models.ManyToManyField(Group, related_name="user_set")

    USERNAME_FIELD = "username"

    class Meta:
        """What the library's queries need."""

        constraints = [  # noqa: RUF012  # as Django has it
            # The library asks for UPPER("username"), without which userName would not be case-insensitive either.
            models.UniqueConstraint(Upper("username"), name="user_name"),
        ]


class Token(models.Model):
    """The digest of a token that may push."""

    digest = models.BinaryField(primary_key=True)
