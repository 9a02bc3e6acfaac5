"""A member is told once for each cause; it stands on their page for 30 days, and is theirs alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engagement.members.errors import MemberNotFoundError
from engagement.members.models import Member
from engagement.notifications.errors import NoticeNotFoundError, UnknownNoticeError, UnknownQuietError
from engagement.notifications.models import Notice
from engagement.notifications.notices import (
    Told,
    choose_quiet,
    mark_all_read,
    mark_read,
    move_notices,
    sweep_notices,
    tell_member,
    tell_members,
)
from engagement.notifications.selectors import count_unread, list_notices
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import read_jobs


@pytest.fixture
def ada(db: None, acme: TenantContext) -> Iterator[Member]:
    with enter_tenant(acme):
        yield Member.objects.create(display_name="Ada")


def tell(member: Member, key: str = "one", kind: str = "redemption_approved") -> Notice | None:
    return tell_member(member_id=member.pk, kind=kind, facts={"reward": "Hoodie", "id": 7}, key=key)


def test_one_cause_is_told_once(ada: Member) -> None:
    before = len(read_jobs())
    first, again = tell(ada), tell(ada)
    assert first is not None
    assert again == first
    assert count_unread(member_id=ada.pk) == 1
    jobs = read_jobs()[before:]
    assert [job["task_name"] for job in jobs] == ["integrations.discord.bring_notice"]
    assert jobs[0]["args"]["event"]["notice_id"] == first.pk


def test_many_are_told_in_as_many_statements_as_a_few(
    ada: Member, django_assert_max_num_queries: object
) -> None:
    people = Member.objects.bulk_create([Member(display_name=f"M{n}") for n in range(200)])
    told = [
        Told(one.pk, "affordable", {"reward": "Mug", "id": 1, "points": 40}, f"a:{one.pk}") for one in people
    ]
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert tell_members(told) == 200
    assert tell_members(told) == 0
    assert Notice.objects.count() == 200


def test_nobody_is_told_who_is_gone_a_bot_or_does_not_want_it(ada: Member) -> None:
    bot = Member.objects.create(display_name="Bot", is_bot=True)
    gone = Member.objects.create(display_name="Gone", deleted_at=clock.now())
    choose_quiet(member_id=ada.pk, quiet=["affordable", "dm"])
    assert tell(bot, "b") is None
    assert tell(gone, "c") is None
    assert tell(ada, "d", "affordable") is None
    assert tell(ada, "e") is not None  # no direct messages, and still on the page
    assert Notice.objects.count() == 1


def test_only_what_is_optional_can_be_switched_off(ada: Member) -> None:
    with pytest.raises(UnknownQuietError) as caught:
        choose_quiet(member_id=ada.pk, quiet=["redemption_rejected"])
    assert caught.value.field == "quiet"
    with pytest.raises(MemberNotFoundError):
        choose_quiet(member_id=424242, quiet=[])
    assert Member.objects.get(pk=ada.pk).quiet == []


def test_a_kind_without_a_row_is_our_own_mistake(ada: Member) -> None:
    with pytest.raises(UnknownNoticeError):
        tell(ada, kind="surprise")


def test_reading_is_ones_own(ada: Member) -> None:
    other = Member.objects.create(display_name="Other")
    first, second = tell(ada, "1"), tell(ada, "2")
    assert first is not None
    assert second is not None
    with pytest.raises(NoticeNotFoundError):
        mark_read(member_id=other.pk, notice_id=first.pk)
    assert mark_all_read(member_id=other.pk) == 0
    # What came after the page was shown stays unread
    assert mark_all_read(member_id=ada.pk, upto=first.pk) == 1
    assert count_unread(member_id=ada.pk) == 1
    moment = mark_read(member_id=ada.pk, notice_id=first.pk).read_at
    assert mark_read(member_id=ada.pk, notice_id=first.pk).read_at == moment


def test_names_from_outside_are_cut_and_cleaned(ada: Member) -> None:
    name = "\u202e<script>alert(1)</script>" + "x" * 100_000
    notice = tell_member(
        member_id=ada.pk, kind="reward_ready", facts={"reward": name, "reason": "", "id": 1}, key="k"
    )
    assert notice is not None
    assert len(notice.facts["reward"]) == 300
    assert "\u202e" not in notice.facts["reward"]
    assert "reason" not in notice.facts


def test_after_thirty_days_they_go(ada: Member) -> None:
    tell(ada, "old")
    Notice.objects.update(created_at=clock.now() - timedelta(days=31))
    tell(ada, "new")
    assert sweep_notices() == 1
    assert [one.key for one in list_notices(member_id=ada.pk)] == ["new"]


def test_a_merge_brings_them_along(ada: Member) -> None:
    other = Member.objects.create(display_name="Other")
    tell(other)
    assert move_notices(member_id=ada.pk, merged_id=other.pk) == 1
    assert len(list_notices(member_id=ada.pk)) == 1
    assert move_notices(member_id=ada.pk, merged_id=other.pk) == 0


def test_a_list_is_one_query_however_long(ada: Member, django_assert_num_queries: object) -> None:
    tell_members([Told(ada.pk, "reward_ready", {"reward": "Mug"}, f"k{n}") for n in range(60)])
    with django_assert_num_queries(1):  # type: ignore[operator]
        page = list_notices(member_id=ada.pk, limit=20)
    with django_assert_num_queries(1):  # type: ignore[operator]
        older = list_notices(member_id=ada.pk, before=page[-1].pk, limit=20)
    assert len({one.pk for one in [*page, *older]}) == 40
