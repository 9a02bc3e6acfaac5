"""Mails to the owner before and when what is sold by use runs out. Each once a month, unless more was allowed meanwhile."""

from __future__ import annotations

from typing import Final

from billing.addresses import usage_page
from billing.letters import list_addresses
from billing.models import Payer, UsageMonth
from billing.plans import METERS
from tenants.letters import Letter, send_letter
from tenants.models import Tenant

STAGES: Final = (100, 80)
_THEN: Final = {
    "boost_hours": "then no boost can be started, and none costs anything",
    "active_members": "then newcomers wait until the next month, and none of them costs anything",
}


def warn_of_usage(row: UsageMonth, *, tenant: Tenant, allowed: int) -> int | None:
    """Mail the owner that 80 or 100 % of what is `allowed` was used, and note it on the row, which the caller saves. Answers which."""
    stage = next((one for one in STAGES if allowed and row.used * 100 >= allowed * one), None)
    if stage is None or row.warned.get(str(stage), -1) >= allowed:
        return None
    row.warned = {**row.warned, **{str(one): allowed for one in STAGES if one <= stage}}
    meter = METERS[row.meter]
    title, unit = meter.title.lower(), f"{meter.unit}s"
    full = stage == 100
    first = f"{tenant.name} has used {row.used:,} of the {allowed:,} {unit} that it can use in {row.month:%B} ({title})."
    payer = Payer.objects.select_related("user").get(
        subscriptions__tenant=tenant, subscriptions__ended_at=None
    )
    _write(
        tenant,
        payer,
        subject=f"{tenant.name} has used {'all' if full else '80 %'} of its {title}",
        lines=(
            first,
            f"{_included(row, unit)} {'Now' if full else 'When all are used,'} {_THEN[row.meter]}, unless you allow more.",
            "What you allow above the plan, and what it would cost, stands under Billing. Members are not told of this.",
        ),
    )
    return stage


def _included(row: UsageMonth, unit: str) -> str:
    if not row.charged:
        return f"The plan includes {row.included:,}, so nothing is charged above it so far."
    return f"The plan includes {row.included:,}; {row.charged:,} {unit} above it are charged, as you allowed."


def _write(tenant: Tenant, payer: Payer, *, subject: str, lines: tuple[str, ...]) -> None:
    for address in list_addresses(tenant, payer):
        letter = Letter(
            to=address,
            subject=subject,
            lines=lines,
            action="See what was used",
            address=usage_page(tenant),
            reason=f"You get this mail because you own {tenant.name} or pay for it.",
        )
        send_letter(letter)
