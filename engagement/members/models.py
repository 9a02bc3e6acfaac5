"""People of one community: who they are, by which names the outside knows them, and what they chose to show."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Now, Upper

from tenants.fields import SharedReference


class Visibility(models.TextChoices):
    VISIBLE = "visible", "Shown by name"
    ALIAS = "alias", "Shown under an alias"
    HIDDEN = "hidden", "Hidden, without a rank"


class MemberType(models.Model):
    """A kind of member that the community tells apart, such as student or mentor. A short list of its own words."""

    name = models.CharField(max_length=40, unique=True)

    class Meta:
        db_table = "member_type"

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person inside this tenant, with or without a login.

    Deleted members keep their rows, so that the ledger's sums stay whole: `deleted_at` takes them off boards, lists and
    search, and they earn nothing; 30 days later `purged_at` says that name and identities are gone. Somebody who was merged
    into another member stays as a deleted row that names the other one.
    """

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
    type = models.ForeignKey(
        MemberType, null=True, on_delete=models.SET_NULL, related_name="members", db_index=False
    )
    email = models.CharField(
        max_length=254, blank=True, db_default="", help_text="Of who was registered by hand."
    )
    note = models.CharField(
        max_length=500, blank=True, db_default="", help_text="The team's own; nobody else sees it."
    )
    deleted_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)
    merged_into_id = models.BigIntegerField(null=True, help_text="The member who took everything over.")
    waiting_since = models.DateTimeField(
        null=True, help_text="Over the plan's limit: what they do is kept, and earns once there is room."
    )
    admission = models.JSONField(
        null=True, help_text="While what they did is being judged: roles and presence as of the last of it."
    )
    quiet = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="What they do not want to be told of (notifications.notice_kinds.QUIETABLE).",
    )

    class Meta:
        db_table = "member"
        indexes: ClassVar = [
            models.Index(Upper("display_name"), name="member_name"),
            GinIndex(SearchVector("display_name", config="simple"), name="member_words"),
            models.Index(
                fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="member_deleted"
            ),
            # Who waits for room, the oldest first; `engagement.progression.room` asks in just these words.
            models.Index(
                fields=["waiting_since", "id"],
                condition=models.Q(waiting_since__isnull=False) | models.Q(admission__isnull=False),
                name="member_waiting",
            ),
        ]

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


class SavedView(models.Model):
    """A list of the dashboard as somebody narrowed it: the query of its address, under a name."""

    list_key = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    user_id = SharedReference("tenants.User")
    shared = models.BooleanField(default=False, db_default=False, help_text="The whole team sees it.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "saved_view"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list_key", "user_id", "name"], name="saved_view_once")
        ]

    def __str__(self) -> str:
        return f"{self.list_key}: {self.name}"


class ClaimCode(models.Model):
    """A code by which a person shows that a member who was registered by hand is theirs. Only its digest is kept; a new one takes
    the former's place, and using it removes it."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="claim_code")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "claim_code"

    def __str__(self) -> str:
        return f"code of member {self.member_id}"


class ClaimTries(models.Model):
    """Wrong codes of one person. `claimant` is "user:12" or "discord:803…"."""

    claimant = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100, blank=True)
    failures = models.IntegerField(default=0)
    began_at = models.DateTimeField(help_text="Of the window in which the failures are counted.")
    locked_until = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "claim_tries"

    def __str__(self) -> str:
        return f"{self.claimant}: {self.failures} wrong"
