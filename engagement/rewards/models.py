"""The catalogue and the redemptions, as stored."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now, Upper

from engagement.files.models import StoredFile


class RewardKind(models.TextChoices):
    ROLE = "role", "Discord role"
    DOWNLOAD = "download", "Download"
    CODE = "code", "Code"
    PARTNER = "partner", "Partner offer"
    MERCHANDISE = "merchandise", "Merchandise"
    CREDITS = "credits", "Credits"
    RAFFLE = "raffle", "Raffle ticket"
    CUSTOM = "custom", "Something else"


class RewardState(models.TextChoices):
    DRAFT = "draft", "Draft"
    ACTIVE = "active", "In the shop"
    PAUSED = "paused", "Not on offer for now"
    ARCHIVED = "archived", "Archived"


class Approval(models.TextChoices):
    AUTOMATIC = "automatic", "At once"
    MODERATOR = "moderator", "By the team"
    ABOVE = "above", "By the team above a price"


class LimitPeriod(models.TextChoices):
    EVER = "ever", "in all"
    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"


class RewardTier(models.Model):
    """A step of prices with a name, such as “Gold, 250 to 499 points”. A reward's tier follows from its price."""

    name = models.CharField(max_length=40, unique=True)
    from_price = models.PositiveIntegerField(unique=True, help_text="Points; up to before the next tier's.")
    colour = models.CharField(max_length=7, blank=True, db_default="")

    class Meta:
        db_table = "reward_tier"

    def __str__(self) -> str:
        return self.name


class Sponsor(models.Model):
    """Who pays for rewards and is named on them."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=500, blank=True, db_default="")
    picture = models.ForeignKey(
        StoredFile, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    budget = models.PositiveIntegerField(null=True, help_text="Redemptions that it pays for; empty: no end.")
    note = models.CharField(max_length=500, blank=True, db_default="", help_text="The team's own.")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sponsor"

    def __str__(self) -> str:
        return self.name


class Reward(models.Model):
    """Something in the catalogue. `settings` is what its kind needs (kinds.py says the shape of each)."""

    kind = models.CharField(max_length=12, choices=RewardKind)
    key = models.CharField(max_length=40, unique=True, help_text="Of CSV files and programs; never changes.")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=2000, blank=True, db_default="")
    category = models.CharField(max_length=40, blank=True, db_default="")
    price = models.PositiveIntegerField(help_text="Points.")
    picture = models.ForeignKey(
        StoredFile, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    sponsor = models.ForeignKey(Sponsor, null=True, on_delete=models.SET_NULL, related_name="rewards")
    state = models.CharField(max_length=8, choices=RewardState, default=RewardState.DRAFT, db_default="draft")
    position = models.IntegerField(default=0, db_default=0, help_text="Smaller stands further up.")
    stock = models.PositiveIntegerField(null=True, help_text="Not yet handed out; empty: no end.")
    reserved = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of the stock, held for redemptions that are not fulfilled yet."
    )
    low_stock = models.PositiveIntegerField(null=True, help_text="The team is told when so few are free.")
    limit_count = models.PositiveIntegerField(
        null=True, help_text="Per member and `limit_period`; empty: no limit."
    )
    limit_period = models.CharField(
        max_length=5, choices=LimitPeriod, default=LimitPeriod.EVER, db_default="ever"
    )
    eligibility = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="See eligibility.py. Empty: everybody.",
    )
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    is_drop = models.BooleanField(
        default=False, db_default=False, help_text="From `starts_at` on members queue for it (drops.py)."
    )
    approval = models.CharField(
        max_length=9, choices=Approval, default=Approval.AUTOMATIC, db_default="automatic"
    )
    approval_above = models.PositiveIntegerField(
        null=True, help_text="Points; dearer ones wait for the team."
    )
    settings = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    draw = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="Of a drop's queue or a raffle: seed and result (drawing.py).",
    )
    version = models.IntegerField(
        default=1, db_default=1, help_text="Of what organisers edit; counts their changes."
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reward"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(stock=None) | models.Q(reserved__lte=models.F("stock")),
                name="reward_reserves_what_it_has",
            ),
            models.CheckConstraint(
                condition=models.Q(price__lte=1_000_000_000), name="reward_price_in_range"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "position", "id"], name="reward_in_shop"),
            models.Index(Upper("name"), name="reward_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RedemptionState(models.TextChoices):
    REQUESTED = "requested", "Waits for the team"
    APPROVED = "approved", "Approved"
    FULFILLED = "fulfilled", "On its way"
    DELIVERED = "delivered", "Delivered"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class Redemption(models.Model):
    """One reward for one member. What it was when it was redeemed stands in the row: the catalogue may change afterwards.

    `address` is sealed. `history` holds [{state, at, by, reason}], the oldest first.
    """

    key = models.CharField(max_length=120, unique=True, help_text="Of the request, which may come twice.")
    member_id = models.BigIntegerField()
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="redemptions", db_index=False)
    sponsor_id = models.BigIntegerField(null=True)
    reward_name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=RewardKind)
    price = models.PositiveIntegerField(help_text="Points that were taken.")
    counted = models.BooleanField(help_text="Whether one of the stock is held, or was handed out, for it.")
    state = models.CharField(max_length=9, choices=RedemptionState)
    via = models.CharField(max_length=8, help_text="web, rest, bot.")
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True, db_default="")
    reason = models.CharField(max_length=300, blank=True, db_default="")
    fulfilled_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When it is reminded of, or expires, next.")
    reminded = models.SmallIntegerField(default=0, db_default=0)
    ends_at = models.DateTimeField(null=True, help_text="Of what was given for a time, such as a role.")
    address = models.TextField(blank=True, db_default="")
    tracking = models.CharField(max_length=200, blank=True, db_default="")
    message_id = models.BigIntegerField(null=True, help_text="Of the message that asks the team in Discord.")
    message_channel_id = models.BigIntegerField(null=True)
    outcome = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="What its kind notes (kinds.py).",
    )
    told = models.BooleanField(
        default=True, db_default=True, help_text="Whether the news of its coming into being is published."
    )
    history = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    class Meta:
        db_table = "redemption"
        indexes: ClassVar = [
            models.Index(fields=["member_id", "-id"], name="redemption_of_member"),
            models.Index(fields=["reward", "member_id", "requested_at"], name="redemption_of_reward"),
            models.Index(fields=["state", "id"], name="redemption_in_state"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="redemption_due"),
            models.Index(
                fields=["ends_at"], condition=models.Q(ends_at__isnull=False), name="redemption_ends"
            ),
            models.Index(  # with what the funnel adds up, which so reads no row
                fields=["requested_at", "id"],
                include=["reward", "member_id", "sponsor_id", "state", "price"],
                name="redemption_time",
            ),
            models.Index(fields=["id"], condition=models.Q(told=False), name="redemption_untold"),
            models.Index(
                fields=["sponsor_id"], condition=models.Q(sponsor_id__isnull=False), name="redemption_sponsor"
            ),
            models.Index(fields=["id"], condition=~models.Q(address=""), name="redemption_with_address"),
        ]

    def __str__(self) -> str:
        return f"{self.reward_name} for member {self.member_id}: {self.state}"


class RewardCode(models.Model):
    """A code of a reward's pool. `sealed` is opened for the organiser's check and for its owner; each showing is recorded."""

    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="codes", db_index=False)
    sealed = models.TextField()
    digest = models.BinaryField(max_length=32, help_text="Keyed, so that a code is in a pool once.")
    redemption = models.OneToOneField(Redemption, null=True, on_delete=models.PROTECT, related_name="code")
    added_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reward_code"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reward", "digest"], name="reward_code_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["reward", "id"],
                condition=models.Q(redemption__isnull=True, withdrawn_at__isnull=True),
                name="reward_code_free",
            )
        ]

    def __str__(self) -> str:
        return f"code {self.pk} of reward {self.reward_id}"


class DropPlace(models.Model):
    """A member's place in the queue of a drop. `offered_until`: while it is theirs to take."""

    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="places", db_index=False)
    member_id = models.BigIntegerField()
    place = models.IntegerField(
        null=True, help_text="Drawn when the drop begins; later comers follow in order."
    )
    joined_at = models.DateTimeField(db_default=Now())
    offered_until = models.DateTimeField(null=True)
    redemption = models.OneToOneField(Redemption, null=True, on_delete=models.PROTECT, related_name="+")
    left_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "drop_place"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reward", "member_id"], name="drop_place_one_each"),
            models.UniqueConstraint(fields=["reward", "place"], name="drop_place_once"),
        ]

    def __str__(self) -> str:
        return f"place {self.place} of member {self.member_id}"


class RewardDay(models.Model):
    """How often a reward was seen on a local day: counted in batches, for the funnel and for sponsors."""

    pk = models.CompositePrimaryKey("reward_id", "day")
    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    seen = models.PositiveIntegerField(default=0, db_default=0, help_text="In a list.")
    opened = models.PositiveIntegerField(default=0, db_default=0, help_text="On its own.")

    class Meta:
        db_table = "reward_day"

    def __str__(self) -> str:
        return f"reward {self.reward_id} on {self.day}"


class CatalogueRun(models.Model):
    """Codes brought for a reward, or a table brought into the catalogue: what came of each line, and how to take it back.

    `problems`: [{line, text}], the first of them. `lines`: what a table would change (exchange.py). `before`: what an undo goes back to.
    """

    class Kind(models.TextChoices):
        CODES = "codes", "Codes"
        TABLE = "table", "Table"

    class State(models.TextChoices):
        READY = "ready", "Waits for a look"
        RUNNING = "running", "Being worked on"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Could not be done"
        UNDONE = "undone", "Undone"

    key = models.CharField(max_length=120, unique=True, help_text="Of the request, which may come twice.")
    kind = models.CharField(max_length=5, choices=Kind)
    reward = models.ForeignKey(Reward, null=True, on_delete=models.CASCADE, related_name="runs")
    file = models.ForeignKey(
        StoredFile, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    name = models.CharField(max_length=150, help_text="The file's, as it was called.")
    state = models.CharField(max_length=8, choices=State)
    total = models.IntegerField(default=0, db_default=0)
    done = models.IntegerField(default=0, db_default=0)
    added = models.IntegerField(default=0, db_default=0)
    changed = models.IntegerField(default=0, db_default=0)
    repeated = models.IntegerField(
        default=0, db_default=0, help_text="Were there already, or twice in the file."
    )
    wrong = models.IntegerField(default=0, db_default=0)
    problems = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    lines = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    before = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    problem = models.CharField(max_length=500, blank=True, db_default="")
    actor = models.JSONField(help_text="Who began it, as the audit log remembers them.")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalogue_run"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.state}"
