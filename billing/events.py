"""News about plans and payments: what a community may do, in its own log; who pays and whether, in the public one."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class EntitlementsChanged(DomainEvent):
    """Something about the dated phases is different. `plan` and `why` are of the phase in force; that a later phase begins on its
    date is no news."""

    tenant_id: int
    version: int
    plan: str
    why: str
    former_plan: str
    former_why: str


@dataclass(frozen=True)
class PaymentOverdue(DomainEvent):
    """A payment failed and the grace runs. `stage` is start, half, three_days, one_day or over, of which a short grace has fewer;
    `ends_at` is ISO 8601."""

    tenant_id: int
    plan: str
    stage: str
    ends_at: str


@dataclass(frozen=True)
class PaymentRecovered(DomainEvent):
    tenant_id: int
    plan: str


# In the public log from here on.


@dataclass(frozen=True)
class SubscriptionStarted(DomainEvent):
    tenant_id: int
    plan: str
    interval: str


@dataclass(frozen=True)
class SubscriptionEnded(DomainEvent):
    tenant_id: int
    plan: str
    interval: str


@dataclass(frozen=True)
class PayoutAccountReplaced(DomainEvent):
    """What supporters pay goes to another account from now on. `former` and `account` are Stripe's ids."""

    tenant_id: int
    former: str
    account: str
