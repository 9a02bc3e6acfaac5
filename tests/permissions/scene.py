"""Acme with one of everything that an address can name, and one person of every kind.

An address whose part stands in no row of SAMPLES fails the build: whoever adds a route says what it can name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import connection, transaction
from django.urls import URLPattern, reverse

from frontend_api.access import CHOICES
from tests.cast import ACME as CAST

PASSWORD: Final = "a long enough password"
# So far are the ids of Acme's new rows ahead, that none of them is one of Globex's as well.
APART: Final = 500
NOBODYS: Final = 999_999_999
LEVEL_ROLE: Final = 600_000_000_000_000_077


@dataclass(frozen=True)
class Kind:
    """A kind of person: who signs in, and the role that the table is asked for."""

    name: str
    username: str
    role: str


KINDS: Final = (
    Kind("anonymous", "", "STRANGER"),
    Kind("stranger", "acme-stranger", "STRANGER"),
    Kind("another tenant's owner", "globex-owner", "STRANGER"),
    Kind("another tenant's moderator", "globex-moderator", "STRANGER"),
    Kind("operator", "the-operator", "STRANGER"),  # our staff have pages of their own, and none of Acme's
    Kind(
        "partner", "acme-partner", "PARTNER"
    ),  # reserved: whoever were one would have no more than a stranger
    Kind("member", "acme-member", "MEMBER"),
    Kind("analyst", "acme-analyst", "ANALYST"),
    Kind("moderator", "acme-moderator", "MODERATOR"),
    Kind("admin", "acme-admin", "ADMIN"),
    Kind("owner", "acme-owner", "OWNER"),
)


def set_up_people(context: Any) -> None:
    """The people whom the cast lacks: analyst, admin, two for single grants, an operator."""
    from tenants.models import Membership, User

    for name, role in (
        ("analyst", "analyst"),
        ("admin", "admin"),
        ("partner", "partner"),
        ("granted", "analyst"),
        ("limited", "admin"),
    ):
        user = User.objects.create_user(
            f"acme-{name}", f"acme-{name}@example.org", PASSWORD, display_name=name.title()
        )
        Membership.objects.create(user=user, tenant_id=context.tenant_id, role=role)
    User.objects.create_user("the-operator", "op@example.org", PASSWORD, is_operator=True)


def set_up_things(context: Any) -> dict[str, Any]:
    """One of everything in Acme: a part of an address → its value."""
    from engagement.audit.actor import SYSTEM
    from engagement.audit.models import AuditEntry
    from engagement.audit.services import record_audit
    from engagement.boosts.services import BoostDraft, plan_boost
    from engagement.imports.services import create_import
    from engagement.imports.words import SOURCES
    from engagement.ledger.models import LedgerEntry
    from engagement.members.models import SavedView
    from engagement.notifications.notices import tell_member
    from engagement.points.models import Adjustment
    from engagement.progression.models import BulkAct
    from engagement.rules.services import create_rule
    from engagement.submissions.handing_in import hand_in
    from engagement.submissions.reasons import save_reason
    from engagement.submissions.types import create_type
    from integrations.discord.roles import add_level_role
    from tenants.api_keys import issue_api_key
    from tenants.context import enter_tenant
    from tenants.invites import invite_person
    from tenants.models import Membership, Tenant, User
    from tenants.permissions import Role
    from tenants.setup import STEPS
    from tests.frontend_api.givers import give
    from tests.frontend_api.rewards import offer, redeemed

    owner = User.objects.get(username="acme-owner")
    _move_sequences(context.schema)
    member_id = give(context, CAST.discord_id("member"), "Acme Member", 40)
    reward_id = offer(context, "Mug", 10, approval="moderator")
    redemption_id = redeemed(context, member_id, reward_id, "scene")
    invite, _ = invite_person(
        tenant=Tenant.objects.get(pk=context.tenant_id), role=Role.ANALYST, email=None, invited_by=owner
    )
    key = issue_api_key(tenant_id=context.tenant_id, name="Shop", scopes=["members:read"], created_by=owner)
    with enter_tenant(context):
        view = SavedView.objects.create(list_key="members", name="Mine", query="q=x", user_id=owner.pk)
        rule = create_rule(
            key="greet", name="Greeting", definition={"triggers": ["message"], "amount": 1}, actor=SYSTEM
        )
        draft = BoostDraft("Double", 200, {}, lasts=timedelta(hours=2))
        boost = plan_boost(context=context, draft=draft, actor=SYSTEM, key="scene", allowances=())
        run = create_import(source=next(iter(SOURCES)), actor=SYSTEM)
        notice = tell_member(
            member_id=member_id, kind="redemption_approved", facts={"reward": "Hoodie", "id": 1}, key="scene"
        )
        assert notice is not None
        add_level_role(level=5, role_id=LEVEL_ROLE, actor=SYSTEM)
        bulks = {
            act: BulkAct.objects.create(key=uuid4(), act=act, amount=1, actor=asdict(SYSTEM), total=0).pk
            for act in CHOICES["dashboard-members-bulk-undo"]
        }
        credits = _hold_credits(context, member_id) | _fill_catalogue(context)
        kind = create_type(
            context=context,
            values={
                "name": "Talk",
                "fields": [{"key": "what", "label": "What", "kind": "text"}],
                "award": {"kind": "fixed", "points": 5},
            },
            actor=SYSTEM,
            key="talk",
        )
        submission = hand_in(
            context=context, member_id=member_id, type_id=kind.pk, answers={"what": "It"}, key="scene", via="web", actor=SYSTEM,
        )  # fmt: skip
        reason = save_reason(text="Counted before.", outcome="rejected", actor=SYSTEM)
        supported = _find_supporter(context, member_id)
        with transaction.atomic():
            changes = {
                noun: record_audit(
                    actor=SYSTEM, action=action, target_id="greet", before={field: 60}, after={field: 61}
                ).pk
                for noun, (action, field) in SETTINGS_CHANGED.items()
            }
        found = {
            "import_id": run.pk,
            "bulk_id": bulks["points"],
            "bulks": bulks,
            "changes": changes,
            "adjustment_id": Adjustment.objects.latest("pk").pk,
            "role_id": LEVEL_ROLE,
            "member_id": member_id,
            "entry_id": LedgerEntry.objects.filter(currency=0).latest("pk").pk,
            "rule_id": rule.pk,
            "boost_id": boost.pk,
            "notice_id": notice.pk,
            "reward_id": reward_id,
            "redemption_id": redemption_id,
            "view_id": view.pk,
            "submission_type_id": kind.pk,
            "submission_id": submission.pk,
            "reason_id": reason.pk,
            "audit_entry_id": AuditEntry.objects.filter(action="level_role.added").latest("pk").pk,
        }
    return (
        found
        | credits
        | supported
        | {
            "number": 1,
            "type_key": "talk",
            "pack": "events",
            "run": uuid4(),
            "act": "cancel",
            "name": "earn",
            "flag": "drawn_cards",
            "step": next(iter(STEPS)),
            "invite_id": invite.pk,
            "membership_id": Membership.objects.get(user__username="acme-analyst").pk,
            "key_id": key.key.pk,
            "format": "csv",
            "signed": "nobodys",
            "ticket": "nobodys",
            "colour": "4f46e5",
            "tenant_id": context.tenant_id,
            "poison_id": _set_aside(context),
            "event_id": _hear_from_stripe(),
            "key": _found_payer(owner),
            "job_id": _defer_something(context),
        }
    )


def _hold_credits(context: Any, member_id: int) -> dict[str, Any]:
    """A kind of credits, somebody trusted with it, a request that waits and a move. Inside the community."""
    from engagement.audit.actor import SYSTEM
    from engagement.credits.approvers import add_approver
    from engagement.credits.models import CreditType
    from engagement.credits.moving import grant_credits
    from engagement.credits.types import TypeDraft, create_type
    from engagement.progression.crediting import request_credits
    from saas.core import clock

    # Kinds are numbered one after another: the next number is nobody else's.
    CreditType.objects.create(pk=APART, key="former", name="Former", archived_at=clock.now())
    kind = create_type(context=context, draft=TypeDraft(key="ai", name="AI"), actor=SYSTEM)
    facts = {
        "context": context,
        "member_id": member_id,
        "type_key": "ai",
        "amount": 300,
        "reason": "A poster",
    }
    return {
        "credit_type_id": kind.pk,
        "approver_id": add_approver(type_id=kind.pk, name="Cleo", user_id=1, actor=SYSTEM).pk,
        "request_id": request_credits(**facts, key="scene", via="web", actor=SYSTEM).pk,
        "move_id": grant_credits(**facts, key="scene", actor=SYSTEM).move.pk,
    }


def _find_supporter(context: Any, member_id: int) -> dict[str, Any]:
    """A tier that was never on sale, and one with a supporter and a payment. Inside the community."""
    from engagement.members.models import Member
    from tests.engagement.supporters.supporting import begin, make_tier, pay

    bought = begin(context, Member.objects.get(pk=member_id), make_tier(context, on_sale=True))
    return {
        "tier_key": make_tier(context, name="Draft").key,
        "supporter_key": bought.key,
        "payment_key": pay(context, bought).key,
    }


def _fill_catalogue(context: Any) -> dict[str, Any]:
    """A reward with a pool, its codes on their way, a table that waits, a sponsor, a picture. Inside the community."""
    from engagement.audit.actor import SYSTEM
    from engagement.files.models import FileUse
    from engagement.files.selectors import PATH, file_address
    from engagement.files.services import store_file
    from engagement.rewards.catalogue import create_reward
    from engagement.rewards.codes import begin_code_import
    from engagement.rewards.exchange import begin_table
    from engagement.rewards.models import Sponsor
    from tests.engagement.files.pictures import picture

    facts = {"name": "Voucher", "price": 5}
    reward = create_reward(context=context, kind="code", facts=facts, actor=SYSTEM, key="scene")
    given = {"name": "x", "actor": SYSTEM, "key": "scene"}
    codes = begin_code_import(reward_id=reward.pk, data=b"AAA-111", **given)
    table = begin_table(context=context, data=b"key,price\nscene,7", **given | {"key": "scene-table"})
    file = store_file(use=FileUse.PICTURE, name="x.png", data=picture())
    return {
        "reward_id": reward.pk,
        "list_id": codes.pk,
        "table_id": table.pk,
        "sponsor_id": Sponsor.objects.create(name="Initech").pk,
        "signed": file_address(context, file).removeprefix(PATH.partition("{")[0]).rstrip("/"),
    }


def _set_aside(context: Any) -> int:
    from engagement.activity.poison import list_poison, set_aside
    from engagement.activity.stream import StreamEntry

    set_aside([(StreamEntry(0, b"1-1", b"{"), "discord:1", "Not valid JSON.", context.tenant_id)])
    return int(list_poison()[0].pk)


def _hear_from_stripe() -> int:
    """An event that failed, about nobody."""
    from billing.models import StripeEvent
    from saas.core import clock

    row = StripeEvent.objects.create(
        stripe_id="evt_scene",
        type="invoice.paid",
        made_at=clock.now(),
        payload={},
        state=StripeEvent.State.FAILED,
    )
    return int(row.pk)


def _found_payer(owner: Any) -> str:
    """A company that Acme's owner pays for."""
    from billing.models import Payer

    payer = Payer.objects.create(
        user=owner, kind=Payer.Kind.COMPANY, name="Acme Ltd", email="bills@example.org"
    )
    return str(payer.key)


def _defer_something(context: Any) -> int:
    """A job of Acme's that waits."""
    from saas.events.jobs import JobRow, defer_rows

    with transaction.atomic(), connection.cursor() as cursor:
        defer_rows(cursor, [JobRow("engagement.audit.seal_audit", context.schema)])
        cursor.execute("select max(id) from public.procrastinate_jobs where status = 'todo'")
        return int(cursor.fetchone()[0])


# A change of each kind of setting, by its noun: the act, and a field that it may have changed.
SETTINGS_CHANGED: Final = {
    "settings": ("settings.changed", "shadow"),
    "rule_settings": ("rule_settings.changed", "reversal_seconds"),
    "rule": ("rule.revised", "version"),
    "levels": ("levels.changed", "curve"),
    "announcements": ("announcements.changed", "on"),
    "board": ("board.changed", "period"),
    "commands": ("commands.changed", "cooldown"),
}
# Where a part means another thing on some route than elsewhere.
OWN_SAMPLES: Final = {
    ("dashboard-audit-entry", "entry_id"): "audit_entry_id",
    ("dashboard-settings-revert", "entry_id"): "audit_entry_id",
    ("ops-flag", "name"): "flag",
}


def address_of(pattern: URLPattern, urlconf: str, things: dict[str, Any], **instead: Any) -> str:
    """The route's address with Acme's things in it, or with `instead`."""
    assert pattern.name is not None
    wanted = list(pattern.pattern.converters) or list(pattern.pattern.regex.groupindex)
    values = {}
    for part in wanted:
        sample = OWN_SAMPLES.get((pattern.name, part), part)
        assert sample in things, f"{pattern.name}: say in tests/permissions/scene.py what {part!r} can be."
        values[part] = instead.get(part, things[sample])
    return reverse(pattern.name, kwargs=values, urlconf=urlconf)


def choices_of(name: str, things: dict[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What can be chosen in the route's form: the action that it asks for as well, the address's parts, and the form."""
    found = []
    for choice, action in CHOICES[name].items():
        parts, form = {}, {"confirmed": "1"}
        if name == "dashboard-members-bulk":
            form |= {"act": choice, "ids": str(things["member_id"])}
        elif name == "dashboard-redemptions-bulk":
            form |= {"act": choice, "ids": str(things["redemption_id"]), "reason": "No more"}
        elif name == "dashboard-members-bulk-undo":
            parts["bulk_id"] = things["bulks"][choice]
        elif name == "dashboard-settings-revert":
            parts["entry_id"] = things["changes"][choice]
        elif name == "dashboard-credits-bulk":
            form |= {"act": choice, "ids": str(things["request_id"]), "text": "Why"}
        elif name == "import-act":
            parts["act"] = choice
        elif name == "dashboard-submissions-bulk":
            form |= {"act": choice, "ids": str(things["submission_id"]), "text": "Why"}
        else:
            raise AssertionError(f"{name}: say in tests/permissions/scene.py how {choice!r} is chosen.")
        found.append((action, parts, form))
    return found


def names_a_thing(pattern: URLPattern) -> list[str]:
    """The parts of the address that are ids of things."""
    return [part for part in pattern.pattern.converters if part.endswith("_id")]


def _move_sequences(schema: str) -> None:
    """Ids of Acme's new rows are nobody else's."""
    with connection.cursor() as cursor:
        cursor.execute(
            # The numbers of credit types are few, and no sequence gives them.
            "select sequencename from pg_sequences where schemaname = %s and max_value > 32767",
            [schema],
        )
        for (name,) in cursor.fetchall():
            # The app's role may not set a sequence, only draw from it.
            cursor.execute(
                f'select count(nextval(\'"{schema}"."{name}"\')) from generate_series(1, %s)', [APART]
            )
