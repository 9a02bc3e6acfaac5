"""What is said of a supporter's Discord role: had, on its way, or what keeps it from being given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engagement.members.models import Identity, Member
from engagement.supporters.models import Supporter
from integrations.discord.directory import Directory, RoleLine
from integrations.discord.problems import note_problem
from integrations.discord.supports.roles import read_role
from saas.core import clock
from tests.engagement.supporters.supporting import begin, make_tier
from tests.integrations.discord.scene import Scene

ROLE = "900000000000000123"


@pytest.fixture
def row(scene: Scene) -> Supporter:
    return begin(scene.context, scene.member, make_tier(scene.context, on_sale=True, role_id=ROLE))


def kind(row: Supporter, *, charged_back: bool = False, problem: str = "", known: bool = True) -> str:
    roles = (RoleLine(ROLE if known else "1", "VIP", "", problem),)
    directory = Directory(roles=roles, names={ROLE: "@VIP"} if known else {"1": "@Other"})
    fresh = Supporter.objects.select_related("tier", "member").get(pk=row.pk)
    return read_role(row=fresh, charged_back=charged_back, directory=directory, now=clock.now()).kind


def test_each_standing_has_its_word(row: Supporter) -> None:
    member = Member.objects.filter(pk=row.member_id)
    assert kind(row) == "soon"
    assert kind(row, problem="The bot stands below it.") == "blocked"
    assert kind(row, known=False) == "gone"
    assert kind(row, charged_back=True) == "withheld"
    note_problem(key=f"role:{ROLE}", message="Discord refused it.")
    assert kind(row) == "blocked"
    Identity.objects.filter(member_id=row.member_id).delete()
    assert kind(row) == "unlinked"
    member.update(departed_at=clock.now())
    assert kind(row) == "absent"
    member.update(role_ids=[ROLE])
    assert kind(row) == "has"
    Supporter.objects.filter(pk=row.pk).update(roles={ROLE: "ours"})
    assert kind(row, charged_back=True) == "leaving"
    late = {"state": "late", "late_since": clock.now() - timedelta(days=15)}
    Supporter.objects.filter(pk=row.pk).update(**late, roles={ROLE: "had"})
    assert kind(row) == "over"
