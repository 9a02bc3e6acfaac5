"""A member is told of their own support: once, what is still so, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engagement.notifications.models import Notice
from engagement.notifications.notice_kinds import get_notice_kind
from engagement.notifications.notice_words import write_notice
from engagement.supporters.mirroring import SupportFacts, write_support
from saas.core import clock
from saas.events.jobs import get_job
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import make_member
from tests.engagement.supporters.supporting import facts_of, make_tier
from tests.saas.events.material import read_jobs


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


@pytest.fixture
def facts(acme: TenantContext) -> SupportFacts:
    return facts_of(make_member(acme, 0), make_tier(acme, name="Patrons"))


def happens(context: TenantContext, facts: SupportFacts, **how: Any) -> SupportFacts:
    now = replace(facts, **how)
    write_support(context=context, facts=now, why="left" if now.cancel_at else "asked")
    return now


def tell() -> list[str]:
    """What was deferred runs, twice."""
    for job in read_jobs():
        if job["task_name"].startswith("engagement.notifications.tell_support"):
            for _ in range(2):
                get_job(job["task_name"])(**job["args"])
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def test_beginning_lateness_and_end_are_told_once_each(acme: TenantContext, facts: SupportFacts) -> None:
    happens(acme, facts)
    assert tell() == ["support_began"]
    late = happens(acme, facts, state="late", late_since=clock.now())
    assert tell() == ["support_began", "support_late"]
    assert Notice.objects.get(kind="support_late").facts["until"] > clock.now().isoformat()
    happens(acme, late, state="ended", ended_at=clock.now())
    assert tell() == ["support_began", "support_late", "support_ended"]


def test_what_is_no_longer_so_is_not_told(acme: TenantContext, facts: SupportFacts) -> None:
    happens(acme, facts, state="late")
    happens(acme, facts)
    happens(acme, facts, state="ended", ended_at=clock.now())
    assert tell() == ["support_ended"]


def test_who_left_the_server_hears_that_it_ends_and_who_asked_for_it_does_not(
    acme: TenantContext, facts: SupportFacts
) -> None:
    write_support(context=acme, facts=facts)
    until = clock.now() + timedelta(days=9)
    write_support(context=acme, facts=replace(facts, cancel_at=until), why="asked")
    assert tell() == ["support_began"]
    happens(acme, facts)
    happens(acme, facts, cancel_at=until)
    assert tell() == ["support_began", "support_ends"]
    notice = Notice.objects.get(kind="support_ends")
    said = write_notice(
        notice.kind, notice.facts, language="de", points_name="Punkte", when=lambda moment: f"{moment:%d.%m.}"
    )
    assert said.endswith(f"Bis {until:%d.%m.}.")


def test_no_channel_ever_hears_of_it() -> None:
    kinds = [get_notice_kind(f"support_{what}") for what in ("began", "late", "ends", "ended")]
    assert not any(kind.channel for kind in kinds)
