"""Templates: said before, put on in one piece, taken off again, and never over what a person wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.kinds.errors import NothingToUndoError, TemplateLockedError
from engagement.kinds.packs import UnknownPackError, get_pack, list_packs
from engagement.kinds.previews import preview_pack
from engagement.kinds.templates import apply_template, plan_template, undo_template
from engagement.levels.selectors import list_level_names, load_curve
from engagement.levels.services import set_level_name
from engagement.progression.levelling import change_curve
from engagement.progression.services import Actor as Giver
from engagement.progression.services import adjust_points, ensure_member
from engagement.rules.models import Rule
from engagement.rules.selectors import load_rule_set
from engagement.rules.services import archive_rule, create_rule, revise_rule, set_rule_enabled
from engagement.standings.seasons import get_season_length
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant

ADA = Actor("user", 1, "Ada", role="owner", via="web")
KINDS = list(Tenant.Kind.values)


@pytest.fixture
def shadow(db: None, acme: TenantContext) -> TenantContext:
    """Acme, not live yet."""
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False)
    return acme


def picture() -> dict[str, object]:
    """What a template may change, as it stands."""
    rules = Rule.objects.select_related("latest").order_by("key")
    return {
        "rules": {r.key: (r.name, r.enabled, r.latest.definition) for r in rules if r.enabled and r.latest},
        "names": list_level_names(),
        "thresholds": load_curve().thresholds,
        "season": get_season_length(),
        "points": list(Tenant.objects.order_by("pk").values_list("points_name", flat=True)),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_putting_one_on_gives_what_it_says_and_repeating_changes_nothing(
    shadow: TenantContext, kind: str
) -> None:
    with enter_tenant(shadow):
        before = picture()
        plan = plan_template(kind=kind, context=shadow)
        assert picture() == before
        assert apply_template(kind=kind, actor=ADA, context=shadow).changes == plan.changes
        after, pack = picture(), get_pack(kind)
        assert {key: rule[2] for key, rule in after["rules"].items()} == {  # type: ignore[attr-defined]
            rule.key: dict(rule.definition) for rule in pack.rules
        }
        assert after["names"] == dict(pack.level_names)
        assert after["season"] == pack.season
        assert load_rule_set().problems == ()
        entries = AuditEntry.objects.count()
        assert plan_template(kind=kind, context=shadow).changes == []
        assert apply_template(kind=kind, actor=ADA, context=shadow).changes == []
        assert picture() == after
        assert AuditEntry.objects.count() == entries
        told = AuditEntry.objects.filter(action="template.applied").get()
        assert (told.actor_name, told.target_name) == ("Ada", pack.name)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "discord"])
def test_an_undo_goes_back_to_what_stood_before(shadow: TenantContext, kind: str) -> None:
    with enter_tenant(shadow):
        before = picture()
        apply_template(kind=kind, actor=ADA, context=shadow)
        assert picture() != before
        assert undo_template(actor=ADA, context=shadow) == kind
        assert picture() == before
        with pytest.raises(NothingToUndoError):
            undo_template(actor=ADA, context=shadow)
        apply_template(kind=kind, actor=ADA, context=shadow)
        assert len(picture()["rules"]) == len(get_pack(kind).rules)  # type: ignore[arg-type]


def test_one_takes_the_place_of_another(shadow: TenantContext) -> None:
    with enter_tenant(shadow):
        apply_template(kind="course", actor=ADA, context=shadow)
        course = picture()
        apply_template(kind="brand", actor=ADA, context=shadow)
        apply_template(kind="course", actor=ADA, context=shadow)
        assert picture() == course


def test_what_a_person_wrote_stays(shadow: TenantContext) -> None:
    own = {"triggers": ["thread"], "amount": 7}
    with enter_tenant(shadow):
        create_rule(key="mine", name="Mine", definition=own, actor=ADA)
        revise_rule(key="message", definition={"triggers": ["message"], "amount": 3}, actor=ADA)
        archive_rule(key="voice", actor=ADA)
        set_rule_enabled(key="reaction_received", enabled=False, actor=ADA)
        set_level_name(level=5, name="Stammgast", actor=ADA)
        change_curve(kind="linear", parameters={"step": 77}, actor=ADA)
        Tenant.objects.filter(pk=shadow.tenant_id).update(points_name="Sterntaler")
        plan = plan_template(kind="creator", context=shadow)
        kept = {line.title for line in plan.kept}
        assert {
            "Mine",
            "Messages",
            "Voice chat",
            "Being reacted to",
            "Level curve",
            "Points are called",
        } <= kept
        apply_template(kind="creator", actor=ADA, context=shadow)
        rules = {rule.key: rule for rule in Rule.objects.select_related("latest")}
        assert rules["mine"].enabled
        assert rules["message"].latest.definition["amount"] == 3  # type: ignore[union-attr]
        assert rules["voice"].archived_at is not None
        assert not rules["reaction_received"].enabled
        assert list_level_names()[5] == "Stammgast"
        assert load_curve().floor_of(2) == 154
        undo_template(actor=ADA, context=shadow)
        assert list_level_names()[5] == "Stammgast"
        assert Tenant.objects.get(pk=shadow.tenant_id).points_name == "Sterntaler"


def test_what_a_person_changed_since_survives_the_undo(shadow: TenantContext) -> None:
    with enter_tenant(shadow):
        apply_template(kind="saas", actor=ADA, context=shadow)
        revise_rule(key="feedback_sent", definition={"triggers": ["feedback_sent"], "amount": 1}, actor=ADA)
        set_level_name(level=10, name="Our own", actor=ADA)
        undo_template(actor=ADA, context=shadow)
        rule = Rule.objects.select_related("latest").get(key="feedback_sent")
        assert rule.enabled
        assert rule.latest is not None
        assert rule.latest.definition["amount"] == 1
        assert list_level_names()[10] == "Our own"


def test_a_live_community_is_left_alone(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        before = picture()
        with pytest.raises(TemplateLockedError):
            apply_template(kind="course", actor=ADA, context=acme)
        with pytest.raises(TemplateLockedError):
            undo_template(actor=ADA, context=acme)
        with pytest.raises(UnknownPackError):
            plan_template(kind="club", context=acme)
        assert picture() == before


def test_a_season_in_which_points_were_counted_stays(shadow: TenantContext) -> None:
    with enter_tenant(shadow):
        member = ensure_member(provider="discord", external_id="7" * 18, display_name="Ada")
        adjust_points(
            member_id=member.pk,
            amount=5_000,
            reason="Thanks",
            actor=Giver("system", 0, "the team"),
            idempotency_key="k",
            context=shadow,
        )
        before = get_season_length()
        apply_template(kind="brand", actor=ADA, context=shadow)
        assert get_season_length() == before == "quarter"


def test_another_communitys_rules_are_untouched(shadow: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(globex):
        before = {**picture(), "points": None}
    with enter_tenant(shadow):
        apply_template(kind="brand", actor=ADA, context=shadow)
    with enter_tenant(globex):
        assert {**picture(), "points": None} == before


@pytest.mark.race
def test_two_who_choose_at_once_leave_one_whole_template(committed_db: None, acme: TenantContext) -> None:
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False)

    def choose(kind: str) -> None:
        try:
            with enter_tenant(acme):
                apply_template(kind=kind, actor=ADA, context=acme)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(choose, ["course", "brand"]))
    with enter_tenant(acme):
        kind = Tenant.objects.get(pk=acme.tenant_id).setup["template"]["kind"]
        assert set(picture()["rules"]) == {rule.key for rule in get_pack(kind).rules}  # type: ignore[call-overload]


@pytest.mark.parametrize("pack", list_packs(), ids=KINDS)
def test_a_typical_day_earns_something_and_leads_to_the_levels(pack: object) -> None:
    day = preview_pack(pack)  # type: ignore[arg-type]
    assert day.total == sum(rule.day_points for rule in day.rules) > 50
    assert preview_pack(pack) == day  # type: ignore[arg-type]
    assert [line.level for line in day.levels] == sorted(line.level for line in day.levels)
    assert day.levels[0].days <= 14
    assert all(rule.deed and rule.amount for rule in day.rules)
