"""Who the customers are [public schema].

Invariants: a schema's name is generated and never changes; a guild belongs to one tenant at a time; a slug that was
used once keeps leading to its tenant as a redirect.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from saas.core import clock
from saas.core.ids import new_ulid

from .flag_settings import FlagSetting  # noqa: F401 - Django finds models here


def new_schema_name() -> str:
    return f"t_{new_ulid().lower()}"


class User(AbstractUser):
    """A person's login, shared by all tenants."""

    discord_id = models.BigIntegerField(
        null=True, unique=True, help_text="Set once the person signed in with Discord."
    )
    former_discord_id = models.BigIntegerField(
        null=True, blank=True, help_text="The Discord account that was unlinked last."
    )
    discord_unlinked_at = models.DateTimeField(null=True, blank=True)
    display_name = models.CharField(max_length=100, blank=True)
    avatar_url = models.URLField(max_length=500, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    is_operator = models.BooleanField(default=False, help_text="EngageHub's own staff.")

    class Meta:
        db_table = "user"

    def __str__(self) -> str:
        return self.display_name or self.username


class Tenant(TenantMixin):  # type: ignore[misc]
    """A customer community: one Postgres schema, zero or one guild."""

    class Kind(models.TextChoices):
        DISCORD = "discord", "Discord server"
        CREATOR = "creator", "Creator"
        COURSE = "course", "Course"
        SAAS = "saas", "SaaS product"
        BRAND = "brand", "Brand"

    class State(models.TextChoices):
        PROVISIONING = "provisioning", "Being set up"
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        DELETED = "deleted", "Deleted, can be restored"

    # Schemas are made by tenants.provisioning from the cached script, never by saving a row.
    auto_create_schema = False
    auto_drop_schema = False

    schema_name = models.CharField(max_length=63, unique=True, default=new_schema_name, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.DISCORD)
    state = models.CharField(max_length=16, choices=State, default=State.PROVISIONING)
    timezone = models.CharField(max_length=64, default="UTC")
    first_weekday = models.PositiveSmallIntegerField(default=0, help_text="0 is Monday, 6 is Sunday.")
    locale = models.CharField(max_length=10, default="en")
    points_name = models.CharField(max_length=30, default="points")
    colour = models.CharField(max_length=7, default="#4f46e5")
    emblem_url = models.URLField(max_length=500, blank=True)
    description = models.CharField(
        max_length=300, blank=True, db_default="", default="", help_text="One sentence for whoever finds it."
    )
    board_public = models.BooleanField(
        default=True, db_default=True, help_text="Off: leaderboard and profiles are for members alone."
    )
    live = models.BooleanField(
        default=True, help_text="Off while in shadow mode: counts, but announces nothing."
    )
    live_since = models.DateTimeField(
        null=True, blank=True, help_text="What was reached before this moment is not announced."
    )
    setup = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, models.JSONField()),
        help_text="What the checklist remembers: skipped steps, the template in use.",
    )  # fmt: skip
    role_map = models.JSONField(
        default=dict, blank=True, help_text='Discord role id → role here, such as {"1234": "moderator"}.'
    )
    entitlements = models.JSONField(default=dict, blank=True, help_text="Dated phases that billing writes.")
    entitlements_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    founding_key = models.CharField(
        max_length=64, null=True, blank=True, unique=True, editable=False,
        help_text="Digest of the form that it was made with, so that a form sent twice makes one.",
    )  # fmt: skip
    founding_error = models.CharField(
        max_length=300, blank=True, db_default="", help_text="Why making its schema failed, for its owner."
    )
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_for = models.CharField(
        max_length=300, blank=True, db_default="", help_text="The reason, shown to its team."
    )
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="Its schema goes 30 days later.")
    heir = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="To whom the owner offers the community.",
    )  # fmt: skip
    heir_offered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "tenant"

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):  # type: ignore[misc]
    """A host name of a tenant: its slug under BASE_DOMAIN, former slugs as redirects, custom hosts."""

    is_redirect = models.BooleanField(default=False)

    class Meta:
        db_table = "domain"

    def __str__(self) -> str:
        return str(self.domain)


class Membership(models.Model):
    """What a user may do in a tenant's dashboard."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ADMIN = "admin", "Admin"
        MODERATOR = "moderator", "Moderator"
        ANALYST = "analyst", "Analyst"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    given = models.JSONField(
        default=list, db_default=[], blank=True, help_text="Actions that this person may do beyond the role."
    )
    taken = models.JSONField(
        default=list, db_default=[], blank=True, help_text="Actions of the role that this person may not do."
    )
    last_seen_at = models.DateTimeField(null=True, blank=True, help_text="On the dashboard, to the hour.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_once_per_tenant"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(role="owner"), name="membership_one_owner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.tenant_id}"


class GuildLink(models.Model):
    """A Discord guild and the tenant that its traffic belongs to. At most one active link a guild and a tenant."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        REMOVED = "removed", "The bot was removed"
        UNLINKED = "unlinked", "Unlinked by the organiser"

    guild_id = models.BigIntegerField()
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="guild_links")
    guild_name = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    linked_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    # As Discord last told it.
    icon = models.CharField(max_length=64, blank=True, default="", db_default="")
    owner_id = models.BigIntegerField(null=True, blank=True, help_text="Discord id of the guild's owner.")
    owner_changed_at = models.DateTimeField(null=True, blank=True)
    unavailable_since = models.DateTimeField(
        null=True, blank=True, help_text="An outage at Discord's: the bot is in the guild and hears nothing."
    )

    class Meta:
        db_table = "guild_link"
        constraints = [
            models.UniqueConstraint(
                fields=["guild_id"], condition=~models.Q(state="unlinked"), name="guild_link_one_tenant"
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=~models.Q(state="unlinked"), name="guild_link_one_guild"
            ),
        ]

    def __str__(self) -> str:
        return f"guild {self.guild_id} → tenant {self.tenant_id}"


class GuildGreeting(models.Model):
    """A guild that the bot joined before anybody linked it, and the one message by which it can be claimed.

    `joined_at` is the bot's own joining, so that neither a restart nor a replay greets twice.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "To be sent"
        SENT = "sent", "Sent"
        NOWHERE = "nowhere", "Nowhere to send it"
        UNSURE = "unsure", "The connection broke and nobody knows; not sent again"
        RETIRED = "retired", "The guild was linked, and the message says so"

    guild_id = models.BigIntegerField(unique=True)
    joined_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    channel_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "guild_greeting"

    def __str__(self) -> str:
        return f"guild {self.guild_id}: {self.state}"


class Invite(models.Model):
    """An offer of a Membership, taken once by whoever holds the token. Only the token's digest is kept."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invites")
    role = models.CharField(max_length=16, choices=Membership.Role)
    email = models.EmailField(blank=True)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    sent_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        db_table = "invite"

    def __str__(self) -> str:
        return f"{self.role} of {self.tenant_id}"


class SchemaScript(models.Model):
    """The statements that make a tenant's schema, one row for each set of migrations (tenants.schema_script)."""

    # Written by the owner's role alone: what stands here is run as the owner.
    read_only = True

    key = models.CharField(max_length=64, primary_key=True)
    statements = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "schema_script"

    def __str__(self) -> str:
        return self.key[:12]


class PoisonActivity(models.Model):
    """An activity that could not be booked, set aside with its error so that its neighbours go on.

    It stands in public because its tenant may be what is wrong with it. `key` is the stream entry's own id, so that a
    repeat sets nothing aside twice. It can be replayed once its cause is mended; a replay is an ordinary activity.
    """

    key = models.CharField(max_length=80, unique=True)
    tenant_id = models.BigIntegerField(
        null=True, db_index=True, help_text="Null where no tenant could be told."
    )
    source = models.CharField(max_length=200, blank=True)
    raw = models.BinaryField(help_text="The message as it came, cut at 64 KiB.")
    size = models.BigIntegerField(
        help_text="Bytes of the whole message; larger than `raw` means that it was cut."
    )
    error = models.CharField(max_length=500)
    seen_at = models.DateTimeField(default=clock.now)
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "poison_activity"
        verbose_name, verbose_name_plural = "activity set aside", "activities set aside"
        indexes = [models.Index(fields=["replayed_at", "-seen_at"], name="poison_activity_open")]

    def __str__(self) -> str:
        return f"{self.source or 'unknown source'}: {self.error}"


class ApiKey(models.Model):
    """A program's way in to one tenant. Only the digest of its text is kept; the prefix names it in lists and logs.

    Rows outlive their revocation: activities that a key sent name it as their source (`key:<id>`).
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the whole key, in hex.")
    scopes = models.JSONField(default=list, help_text="What it may do, such as members:read.")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_by_name = models.CharField(
        max_length=100, blank=True, help_text="As they were called when the key was made."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    follows = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", help_text="The key that it replaces."
    )
    line = models.BigIntegerField(
        null=True, help_text="The first of the keys that replaced one another: together they are one. Null for a first one."
    )  # fmt: skip

    class Meta:
        db_table = "api_key"
        verbose_name, verbose_name_plural = "API key", "API keys"

    def __str__(self) -> str:
        return f"{self.name} (ehk_live_{self.prefix}_…)"


class TokenFamily(models.Model):
    """One sign-in of a person over the API: a refresh token and all that descend from it.

    At most one refresh token of a family is good at a time, `current_id`. Showing an older one means that somebody holds a
    copy, and ends the family (tenants.tokens).
    """

    class Reason(models.TextChoices):
        SIGNED_OUT = "signed_out", "Signed out"
        REUSED = "reused", "A used refresh token was shown again"
        REVOKED = "revoked", "Ended from the list of sessions"

    key = models.CharField(max_length=26, unique=True, default=new_ulid)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, related_name="+", help_text="Null: any community."
    )
    login_digest = models.CharField(max_length=64, help_text="Changes with the person's password.")
    current_id = models.CharField(max_length=32)
    previous_id = models.CharField(max_length=32, blank=True)
    rotated_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_because = models.CharField(max_length=10, choices=Reason, blank=True)
    program = models.CharField(max_length=200, blank=True, help_text="The User-Agent that signed in.")

    class Meta:
        db_table = "token_family"
        verbose_name_plural = "token families"
        indexes = [models.Index(fields=["expires_at"], name="token_family_expires")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"


class IdempotentRequest(models.Model):
    """A request that was sent under an Idempotency-Key, and the answer it got. Written in the request's own transaction."""

    tenant_id = models.BigIntegerField(help_text="0 on our own host.")
    caller = models.CharField(max_length=40, help_text="Such as key:12 or user:3.")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "idempotent_request"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "caller", "key"], name="idempotent_request_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_created")]

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"
