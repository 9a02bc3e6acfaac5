"""People of one community: who they are, by which names the outside knows them, and what they chose to show."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now, Upper

from tenants.fields import SharedReference


class Visibility(models.TextChoices):
    VISIBLE = "visible", "Shown by name"
    ALIAS = "alias", "Shown under an alias"
    HIDDEN = "hidden", "Hidden, without a rank"


class Member(models.Model):
    """A person inside this tenant, with or without a login."""

    display_name = models.CharField(max_length=100)
    avatar_url = models.CharField(max_length=500, blank=True, db_default="")
    joined_at = models.DateTimeField(null=True, help_text="When they joined the guild, where known.")
    departed_at = models.DateTimeField(null=True)
    is_bot = models.BooleanField(default=False, db_default=False)
    visibility = models.CharField(
        max_length=8, choices=Visibility, default=Visibility.VISIBLE, db_default="visible"
    )
    alias = models.CharField(max_length=40, blank=True, db_default="")
    user_id = SharedReference("tenants.User", null=True)
    timezone = models.CharField(max_length=64, blank=True, db_default="", help_text="Empty: the tenant's.")
    locale = models.CharField(max_length=10, blank=True, db_default="", help_text="Empty: the tenant's.")
    role_ids = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "member"
        indexes: ClassVar = [models.Index(Upper("display_name"), name="member_name")]

    def __str__(self) -> str:
        return self.display_name


class Identity(models.Model):
    """A name by which a provider knows a member, such as ("discord", "80351110224678912")."""

    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=100)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="identities")

    class Meta:
        db_table = "identity"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["external_id", "provider"], name="identity_one_member")
        ]

    def __str__(self) -> str:
        return f"{self.provider}:{self.external_id}"


class MemberFigure(models.Model):
    """A number of the community's own about a member, such as “badges”: whole units of whatever the name says.

    What is measured in fractions is recorded in a smaller unit (hours as minutes), so that equal means equal. A member without
    a row counts as 0. Written by engagement.progression.figures, which keeps the tie-breaks of standings in step.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="figures", db_index=False)
    name = models.CharField(max_length=60)
    value = models.BigIntegerField(help_text="In whole units of the figure; more is better.")
    changed_at = models.DateTimeField(help_text="When the value last became another one.")

    class Meta:
        db_table = "member_figure"
        indexes: ClassVar = [models.Index(fields=["name", "member"], name="member_figure_name")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "name"], name="member_figure_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="member_figure_named"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of member {self.member_id}: {self.value}"
