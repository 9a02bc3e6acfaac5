"""Who else hears of a support: the team where organisers want it, everybody where they thank in public, and nobody by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.notifications.notices import choose_quiet
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_support_notices
from engagement.notifications.support_news import find_team_news, find_thanks, is_to_be_thanked
from engagement.supporters.models import Supporter
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import make_member
from tests.engagement.supporters.supporting import ADA, begin, make_tier

CHANNEL = 900_000_000_000_000_123
KINDS = ("joined", "moved", "ending", "resumed", "ended")


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


@pytest.fixture
def row(acme: TenantContext) -> Supporter:
    return begin(acme, make_member(acme), make_tier(acme, name="Patrons", on_sale=True))


def choose(**how: Any) -> None:
    given: dict[str, Any] = {"news": "page", "thanks_channel_id": None, "thanks_text": ""}
    set_support_notices(**given | how, actor=ADA)


def told(row: Supporter, **more: Any) -> list[str]:
    found = (find_team_news(kind=kind, supporter_id=row.pk, **more) for kind in KINDS)
    return [one.kind for one in found if one is not None]


@pytest.mark.parametrize("news", ["page", "off"])
def test_no_channel_hears_of_it_unless_it_was_chosen(acme: TenantContext, row: Supporter, news: str) -> None:
    assert (told(row), find_thanks(context=acme, supporter_id=row.pk)) == ([], None)
    choose(news=news)
    assert (told(row), find_thanks(context=acme, supporter_id=row.pk)) == ([], None)


def test_the_team_hears_what_is_so_and_no_sum(acme: TenantContext, row: Supporter) -> None:
    choose(news="channel")
    assert told(row) == ["joined", "moved", "resumed"]
    was = make_tier(acme, name="Friends")
    moved = find_team_news(kind="moved", supporter_id=row.pk, was_tier_id=was.pk)
    assert moved is not None
    assert (moved.tier, moved.was, moved.member) == ("Patrons", "Friends", row.member.display_name)
    until = clock.now() + timedelta(days=9)
    Supporter.objects.filter(pk=row.pk).update(cancel_at=until)
    assert told(row) == ["joined", "moved", "ending"]
    assert told(row, why="left")[-1] == "left_server"
    Supporter.objects.filter(pk=row.pk).update(state="ended", ended_at=until)
    assert told(row) == ["ended"]
    assert find_team_news(kind="joined", supporter_id=424_242) is None


def test_in_public_everybody_is_named_as_they_want_or_not_at_all(acme: TenantContext, row: Supporter) -> None:
    choose(thanks_channel_id=CHANNEL)
    thanks = find_thanks(context=acme, supporter_id=row.pk)
    assert thanks is not None
    assert (thanks.channel_id, thanks.values["member"], thanks.values["tier"]) == (
        CHANNEL,
        row.member.display_name,
        "Patrons",
    )
    german = find_thanks(context=replace(acme, locale="de-AT"), supporter_id=row.pk)
    assert german is not None
    assert "unterstützt" in german.text
    member = Member.objects.filter(pk=row.member_id)
    member.update(visibility="alias", alias="Night Owl")
    named = find_thanks(context=acme, supporter_id=row.pk)
    assert named is not None
    assert named.values["member"] == "Night Owl"
    for unwanted in ({"visibility": "hidden"}, {"departed_at": clock.now()}, {"deleted_at": clock.now()}):
        before = {name: getattr(member.get(), name) for name in unwanted}
        member.update(**unwanted)
        assert find_thanks(context=acme, supporter_id=row.pk) is None, unwanted
        assert not is_to_be_thanked(member_id=row.member_id)
        member.update(**before)
    assert is_to_be_thanked(member_id=row.member_id)
    choose_quiet(member_id=row.member_id, quiet=["support_thanks"])
    assert find_thanks(context=acme, supporter_id=row.pk) is None
    assert not is_to_be_thanked(member_id=row.member_id)


def test_who_does_not_go_on_is_not_thanked(acme: TenantContext, row: Supporter) -> None:
    choose(thanks_channel_id=CHANNEL)
    for state, ended_at in (("late", None), ("ended", clock.now())):
        Supporter.objects.filter(pk=row.pk).update(state=state, ended_at=ended_at)
        assert find_thanks(context=acme, supporter_id=row.pk) is None


def test_a_choice_is_recorded_once_and_a_wrong_one_is_named() -> None:
    for _ in range(2):
        choose(news="channel", thanks_channel_id=CHANNEL, thanks_text="Thank you, {member}.")
    (entry,) = AuditEntry.objects.filter(action="support_news.changed")
    assert (entry.after or {})["thanks_text"] == "Thank you, {member}."
    for wrong, field in (
        ({"news": "everywhere"}, "news"),
        ({"thanks_channel_id": 12}, "thanks_channel_id"),
        ({"thanks_text": "{price}"}, "thanks_text"),
        ({"thanks_text": "x" * 501}, "thanks_text"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            choose(**wrong)
        assert caught.value.field == field
    assert get_notification_settings().thanks_channel_id == CHANNEL
