"""The team's pages: who is there, inviting, changing, removing, leaving, Discord's roles by name."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.models import AuditEntry
from integrations.discord.directory import forget_directory
from tenants.context import TenantContext, enter_tenant
from tenants.models import Invite, Membership, Tenant, User
from tests.cast import ACME as CAST
from tests.frontend_api.hosts import ACME, PASSWORD, Browser
from tests.frontend_api.local_discord import LocalPeople
from tests.frontend_api.portal.test_leaderboard import text_of

TEAM = "/dashboard/team/"


def join(context: TenantContext, name: str, role: str) -> Membership:
    user, made = User.objects.get_or_create(username=name, defaults={"display_name": name.title()})
    if made:
        user.set_password(PASSWORD)
        user.save()
    return Membership.objects.create(user=user, tenant_id=context.tenant_id, role=role)


def teammate(role: str) -> Membership:
    return Membership.objects.get(user__username=f"acme-{role}")


def actions(context: TenantContext) -> list[str]:
    with enter_tenant(context):
        found = AuditEntry.objects.exclude(actor_kind="system").order_by("pk")
        return list(found.values_list("action", flat=True))


@pytest.fixture
def owner(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path=TEAM)
    return pages


def found_server(discord: LocalPeople, context: TenantContext) -> int:
    """Acme's server with the bot and a role named by somebody hostile; the role's id."""
    forget_directory(context)
    guild = discord.guild("Acme", CAST.discord_id("owner"), guild_id=CAST.guild_id, with_bot=True)
    return int(discord.server.state.create_role(guild, "Helpers <b>").id)


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_everybody_is_listed_with_what_sets_them_apart(owner: Browser) -> None:
    row = teammate("moderator")
    row.given, row.taken = ["change_rules"], ["adjust_points"]
    row.save()
    text = text_of(owner.on(ACME).get(TEAM))

    assert "Acme Owner" in text
    assert "This is you" in text
    assert "may also change the rules; may not give and take points" in text


def test_it_says_who_was_here_when(owner: Browser) -> None:
    assert teammate("owner").last_seen_at is not None
    assert teammate("moderator").last_seen_at is None


@pytest.mark.parametrize("people", [2, 60])
def test_the_list_costs_the_same_whatever_its_size(owner: Browser, acme: TenantContext, people: int) -> None:
    for number in range(people):
        join(acme, f"helper-{number}", "analyst")
    owner.on(ACME).get(TEAM)
    with CaptureQueriesContext(connection) as queries:
        assert owner.on(ACME).get(TEAM).status_code == 200
    assert len(queries) <= 13, [one["sql"][:90] for one in queries]


def test_a_role_is_changed_and_the_person_may_do_it_at_once(owner: Browser, acme: TenantContext) -> None:
    row = teammate("moderator")
    path = f"{TEAM}{row.pk}/"
    seen = seen_on(text_of(owner.on(ACME).get(path)))
    answer = owner.on(ACME).post(path, {"what": "role", "role": "admin", "seen": seen})

    assert answer.status_code == 302
    assert "What Acme Moderator may do is saved" in text_of(owner.on(ACME).get(path))
    assert "changed the role of" in text_of(owner.on(ACME).get(path))  # the history, where it concerns
    other = Browser()
    other.sign_in("acme-moderator", path="/dashboard/audit/")
    assert other.on(ACME).get("/dashboard/audit/").status_code == 200


def test_single_things_are_given_and_taken(owner: Browser, acme: TenantContext) -> None:
    row = teammate("moderator")
    path = f"{TEAM}{row.pk}/"
    page = text_of(owner.on(ACME).get(path))
    ticked = set(re.findall(r'name="may" value="([a-z_]+)" checked', page))
    assert "adjust_points" in ticked
    may = sorted(ticked - {"adjust_points"} | {"change_rules"})
    owner.on(ACME).post(path, {"what": "single", "may": may, "seen": seen_on(page)})

    row.refresh_from_db()
    assert (row.role, row.given, row.taken) == ("moderator", ["change_rules"], ["adjust_points"])
    assert actions(acme) == ["team.grants_changed"]


def test_what_somebody_changed_meanwhile_is_not_overwritten(owner: Browser, acme: TenantContext) -> None:
    row = teammate("moderator")
    path = f"{TEAM}{row.pk}/"
    seen = seen_on(text_of(owner.on(ACME).get(path)))
    Membership.objects.filter(pk=row.pk).update(role="analyst")
    answer = owner.on(ACME).post(path, {"what": "role", "role": "admin", "seen": seen})

    assert answer.status_code == 409
    assert "Somebody else has just changed" in answer.content.decode()
    row.refresh_from_db()
    assert row.role == "analyst"
    assert actions(acme) == []


@pytest.mark.parametrize("seen", ["", "owner||", "nonsense", "a|b|c|d|e", "analyst|" + "x," * 5_000])
def test_a_forged_memory_of_the_page_changes_nothing(owner: Browser, seen: str) -> None:
    row = teammate("moderator")
    answer = owner.on(ACME).post(
        f"{TEAM}{row.pk}/", {"what": "single", "may": ["change_rules"], "seen": seen}
    )
    assert answer.status_code in {409, 422}
    row.refresh_from_db()
    assert (row.role, row.given) == ("moderator", [])


def test_an_admin_changes_nobody_as_high_as_they(pages: Browser, acme: TenantContext) -> None:
    join(acme, "one-admin", "admin")
    other = join(acme, "other-admin", "admin")
    pages.sign_in("one-admin", path=TEAM)
    path = f"{TEAM}{other.pk}/"
    assert "Only somebody with a higher role" in text_of(pages.on(ACME).get(path))
    answer = pages.on(ACME).post(path, {"what": "role", "role": "analyst", "seen": "admin||"})
    assert answer.status_code == 403
    other.refresh_from_db()
    assert other.role == "admin"


def test_removing_asks_first_and_says_what_happens(owner: Browser, acme: TenantContext) -> None:
    row = teammate("moderator")
    path = f"{TEAM}{row.pk}/remove/"
    assert "can no longer open this dashboard" in text_of(owner.on(ACME).get(path))
    assert Membership.objects.filter(pk=row.pk).exists()
    owner.on(ACME).post(path, {"confirmed": "1"})
    assert not Membership.objects.filter(pk=row.pk).exists()
    assert actions(acme) == ["team.removed"]
    assert owner.on(ACME).post(path, {"confirmed": "1"}).status_code == 404


def test_one_leaves_and_the_owner_cannot(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-moderator", path=TEAM)
    assert pages.on(ACME).post(f"{TEAM}leave/", {"confirmed": "1"}).status_code == 302
    assert pages.on(ACME).get(TEAM).status_code == 403
    other = Browser()
    other.sign_in("acme-owner", path=TEAM)
    answer = other.on(ACME).post(f"{TEAM}leave/", {"confirmed": "1"})
    assert answer.status_code == 409
    assert "exactly one owner" in answer.content.decode()
    assert actions(acme) == ["team.left", "permission.refused"]


def test_an_invite_by_link_is_shown_once(owner: Browser, acme: TenantContext) -> None:
    answer = owner.on(ACME).post(f"{TEAM}invite/", {"role": "analyst", "email": ""})
    found = re.search(r'value="(http://localhost/invites/[^"]+)"', text_of(answer))
    assert found is not None
    assert answer["Cache-Control"].startswith("max-age=0") or "no-store" in answer["Cache-Control"]
    assert urlsplit(found[1]).path.split("/")[2] not in text_of(owner.on(ACME).get(TEAM))

    guest = Browser()
    guest.sign_in("acme-stranger", path="/earn/")
    guest.on("localhost").post(urlsplit(found[1]).path)
    assert teammate("stranger").role == "analyst"
    assert actions(acme) == ["team.invited", "team.joined"]


def test_an_invite_by_mail_is_sent_again_and_withdrawn(owner: Browser, acme: TenantContext) -> None:
    owner.on(ACME).post(f"{TEAM}invite/", {"role": "moderator", "email": "ada@example.org"})
    made = Invite.objects.get()
    assert "ada@example.org" in text_of(owner.on(ACME).get(TEAM))
    assert owner.on(ACME).post(f"{TEAM}invites/{made.pk}/renew/").status_code == 429  # a moment ago
    owner.on(ACME).post(f"{TEAM}invites/{made.pk}/withdraw/")
    assert not Invite.objects.exists()
    assert actions(acme) == ["team.invited", "team.invite_revoked"]


@pytest.mark.parametrize(
    "form",
    [
        {"email": ""},
        {"role": "owner"},
        {"role": "operator"},
        {"role": "admin", "email": "no address"},
        {"role": "<script>"},
    ],
)
def test_a_bad_invite_says_what_is_wrong(owner: Browser, form: dict[str, str]) -> None:
    answer = owner.on(ACME).post(f"{TEAM}invite/", form)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert not Invite.objects.exists()


def test_a_discord_role_is_picked_by_name(discord: LocalPeople, owner: Browser, acme: TenantContext) -> None:
    role_id = found_server(discord, acme)
    text = text_of(owner.on(ACME).get(TEAM))
    assert "@Helpers &lt;b&gt;" in text
    owner.on(ACME).post(f"{TEAM}discord/", {"role_id": str(role_id), "role": "moderator"})
    assert Tenant.objects.get(pk=acme.tenant_id).role_map == {str(role_id): "moderator"}
    assert "Helpers" in text_of(owner.on(ACME).get(TEAM))
    owner.on(ACME).post(f"{TEAM}discord/", {"remove": str(role_id)})
    assert Tenant.objects.get(pk=acme.tenant_id).role_map == {}
    assert actions(acme) == ["role_map.changed", "role_map.changed"]


def test_only_roles_of_the_server_can_be_chosen(
    owner: Browser, acme: TenantContext, discord: LocalPeople
) -> None:
    found_server(discord, acme)
    for form in (
        {"role_id": "600000000000000009", "role": "moderator"},
        {},
        {"remove": "9" * 40},
        {"remove": "x"},
    ):
        owner.on(ACME).post(f"{TEAM}discord/", form)
    assert Tenant.objects.get(pk=acme.tenant_id).role_map == {}


def test_without_discord_the_page_says_so(owner: Browser, settings: object) -> None:
    settings.DISCORD_API_URL = "http://127.0.0.1:9/api"  # type: ignore[attr-defined]
    assert "Discord does not answer at the moment" in text_of(owner.on(ACME).get(TEAM))


def test_what_each_role_may_do_is_the_table_itself(owner: Browser) -> None:
    from tenants.permissions import PERMISSIONS

    text = text_of(owner.on(ACME).get(f"{TEAM}roles/"))
    for row in PERMISSIONS.values():
        if row.action != "operate":
            assert row.asks[1:].replace("'", "&#x27;") in text, row.action
