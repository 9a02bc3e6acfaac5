"""A community on a paid plan in a month of which the test is the calendar, here and at the local Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.metering.caps import set_cap
from billing.metering.counting import count_usage
from billing.metering.recording import JOB
from billing.metering.reporting import report_units
from billing.models import MeterReport, UsageMonth, UsageSubscription
from engagement.boosts.models import Boost
from engagement.standings.models import Standing
from saas.core import clock
from saas.events.queue import list_queued
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import ACTOR, Shop

HOUR = timedelta(hours=1)


@dataclass
class World:
    shop: Shop
    now: datetime

    @property
    def tenant_id(self) -> int:
        return int(self.shop.tenant.pk)

    def boost(self, hours: int, *, start: datetime | None = None) -> None:
        """One that ran for so many hours, until now unless `start` is given."""
        start = start or clock.now() - hours * HOUR
        with enter_tenant(TenantContext.of(self.shop.tenant)):
            number = Boost.objects.count()
            Boost.objects.create(
                key=f"boost {number}", name="Weekend", percent=200, timezone="UTC", starts_at=start,
                ends_at=start + hours * HOUR, told_until=start, created_by="Ada",
            )  # fmt: skip

    def score(self, members: int, month: date) -> None:
        """So many members who scored in that month."""
        with enter_tenant(TenantContext.of(self.shop.tenant)):
            first = 1_000_000 + Standing.objects.count()
            Standing.objects.bulk_create(
                Standing(
                    member_id=first + number,
                    joined_at=clock.now(),
                    month_start=month,
                    month_score=5,
                    month_at=clock.now(),
                )
                for number in range(members)
            )

    def allow(self, amount: int) -> None:
        set_cap(tenant_id=self.tenant_id, amount=amount, actor=ACTOR)

    def count(self) -> None:
        count_usage(tenant_id=self.tenant_id)

    def month(self, meter: str = "boost_hours", month: date | None = None) -> UsageMonth:
        rows = UsageMonth.objects.filter(tenant_id=self.tenant_id, meter=meter)
        return rows.get(month=month) if month else rows.order_by("-month")[0]

    def report_all(self) -> None:
        """Run the jobs that wait."""
        for job in list_queued(state="todo", name=JOB):
            report_units(report_id=job.arguments["report_id"])

    def reports(self) -> list[tuple[int, str, str]]:
        """(units, state, error) in their order."""
        return list(MeterReport.objects.order_by("pk").values_list("units", "state", "error"))

    def at_stripe(self) -> list[dict[str, Any]]:
        """The meter events that Stripe has."""
        store = self.shop.server.thread.server.store
        return list(self.shop.server.thread.call(lambda: store.list("_meter_event")))[::-1]

    def units_at_stripe(self) -> int:
        return sum(int(one["value"]) for one in self.at_stripe())

    def usage(self) -> UsageSubscription:
        return UsageSubscription.objects.get(ended_at=None)


def noon(day: int = 15, month: int = 12, year: int = 2030) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)
