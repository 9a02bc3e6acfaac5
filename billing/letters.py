"""What billing writes to people: to whoever pays and to the community's owner, never in a channel.

Dates are written in the community's own zone, which stands beside them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tenants.letters import Letter, send_letter
from tenants.models import Membership, Tenant, User

from .addresses import plan_page
from .models import Payer, Retainer, RetainerPlace, Subscription
from .phases import FIRST_PAYMENT_GRACE_DAYS
from .wording import plan_name, write_day

_LEFT = {"half": "one week", "three_days": "three days", "one_day": "one day"}


def write_overdue(row: Subscription, stage: str, ends_at: datetime) -> None:
    """The grace's mails. `stage` is a step of billing.grace."""
    name, plan, day = row.tenant.name, plan_name(row.plan), write_day(row.tenant, ends_at)
    first, so_long = ("first ", "three days") if row.first_unpaid else ("", "two weeks")
    if stage == "over":
        _write(
            row.tenant,
            row.payer,
            subject=f"{name} is on the Free plan’s limits now",
            lines=(
                f"The {first}payment for {plan} has been open for {so_long}, so since {day} the limits of the Free plan hold in {name}.",
                "Nothing was deleted: points and rewards stay, and what is above the limits waits. Pay the open invoice and "
                "everything is on again at once.",
            ),
            action="Pay the open invoice",
        )
        return
    left = _LEFT.get(stage)
    _write(
        row.tenant,
        row.payer,
        subject=f"The {first}payment for {name} failed" if left is None else f"{name}: {left} left to pay",
        lines=(
            f"The {first}payment for the plan {plan} of {name} did not go through.",
            f"Until {day} everything stays on. After that the limits of the Free plan hold; nothing is deleted.",
            "Pay with another card, or ask your bank. Members are not told of this.",
        ),
        action="Pay the open invoice",
    )


def write_recovered(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name} is paid again",
        lines=(f"The payment for {plan} went through. Everything that the plan includes is on in {name}.",),
        action="See the plan",
    )


def write_plan_dropped(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name}: plan the change of your plan again",
        lines=(
            f"A change of the plan of {name} was planned for the end of the period. It was set aside while your bank was asked, and our "
            "payment provider does not take it any more.",
            f"Without it {plan} goes on as it is. Choose the other plan once more if you still want it.",
        ),
        action="Look at the plan",
    )


def write_trial_ending(row: Subscription, stage: str) -> None:
    assert row.trial_end is not None
    name, plan, day = row.tenant.name, plan_name(row.plan), write_day(row.tenant, row.trial_end)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name}: the trial of {plan} ends in {_LEFT[stage]}",
        lines=(
            f"The trial of {plan} ends on {day}.",
            f"If you added a card, the plan goes on and its first payment is taken then; should it fail, there are "
            f"{FIRST_PAYMENT_GRACE_DAYS} days to pay. If you did not, "
            f"{name} goes back to the Free plan: nothing is deleted, and nothing is charged.",
        ),
        action="Decide about the plan",
    )


def write_trial_over(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name}: the trial of {plan} is over",
        lines=(
            f"The trial of {plan} is over and nothing was charged. {name} is on the Free plan now.",
            "Nothing was deleted: what is above its limits waits, and is back as soon as you choose a plan.",
        ),
        action="Choose a plan",
    )


def write_second_trial_over(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name}: the trial of {plan} is over",
        lines=(
            f"The Discord server that was linked to {name} had its trial with another community, and a server has one. So the trial of "
            f"{plan} ended now, and nothing was charged.",
            f"{name} is on the Free plan. Nothing was deleted: what is above its limits waits, and is back as soon as you choose a plan.",
        ),
        action="Choose a plan",
    )


def write_plan_offered(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name} is back, on the Free plan",
        lines=(
            f"{name} was restored. Its plan {plan} ended when it was deleted, and what was left of it was credited to you.",
            "Nothing is charged unless you choose a plan again; the credit is used first.",
        ),
        action="Choose a plan",
    )


def write_kept_payer(row: Subscription) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    _write(
        row.tenant,
        row.payer,
        subject=f"Who pays for {name} stays the same",
        lines=(
            f"{name} has a new owner. Its plan {plan} goes on, and {row.payer} still pays for it.",
            "If somebody else should pay from now on, offer it to them on the plan page. Nothing is charged twice.",
        ),
        action="See the plan",
    )


def write_retainer_left(place: RetainerPlace, ends_at: datetime) -> None:
    name, plan, day = place.tenant.name, plan_name(place.retainer.plan), write_day(place.tenant, ends_at)
    _write(
        place.tenant,
        place.retainer.payer,
        subject=f"{name} is no longer part of a retainer",
        lines=(
            f"The plan {plan} of {name} was paid by {place.retainer.payer} with others together. That is over for {name}.",
            *_write_end(place, day, ends_at),
        ),
        action="Choose a plan",
    )


def write_retainer_quit(place: RetainerPlace, ends_at: datetime | None) -> None:
    """The community took itself out. `ends_at` None: the retainer's first day was still ahead."""
    name, plan, payer = place.tenant.name, plan_name(place.retainer.plan), place.retainer.payer
    who = f"Its owner took {name} out of the retainer of {payer}. The place is free for another community."
    if ends_at is None:
        lines: tuple[str, ...] = (
            who,
            f"Nothing changes today, and nothing is charged. {name} keeps the plan that it has.",
        )
    else:
        lines = (who, *_write_end(place, write_day(place.tenant, ends_at), ends_at, f"{plan} of {name}"))
    _write(
        place.tenant,
        payer,
        subject=f"{name} has left the retainer of {payer}",
        lines=lines,
        action="See the plan" if ends_at is None else "Choose a plan",
    )


def _write_end(
    place: RetainerPlace, day: str, ends_at: datetime, what: str = "everything"
) -> tuple[str, ...]:
    """What holds until when. An invoice that was late can have used the days of grace up."""
    if place.left_at is not None and ends_at <= place.left_at:
        return (
            f"The limits of the Free plan hold since {day}, because an invoice was not paid; nothing was deleted.",
            "Choose a plan, and everything is back at once.",
        )
    return (
        f"Until {day} {what} stays on. After that the limits of the Free plan hold; nothing is deleted.",
        "Choose a plan until then, and nothing changes for anybody.",
    )


def write_place_offered(row: Retainer, tenant: Tenant, offered_for: timedelta) -> None:
    """To the community's owner alone."""
    owner = (
        Membership.objects.select_related("user").filter(tenant=tenant, role=Membership.Role.OWNER).first()
    )
    if owner is None or not owner.user.email:
        return
    begins = (
        f" from {write_day(tenant, row.starts_at)} on"
        if row.status == "not_started" and row.starts_at
        else ""
    )
    send_letter(
        Letter(
            to=owner.user.email,
            subject=f"{row.payer} would like to pay for {tenant.name}",
            lines=(
                f"{row.payer} ({row.payer.user}) offers {tenant.name} the plan {plan_name(row.plan)}{begins}, paid by them with others "
                "together. It would cost you nothing.",
                f"The offer stands for {offered_for.days} days. Nothing changes unless you accept it. They see that {tenant.name} is "
                "part of it, and nothing of what happens in it.",
            ),
            action="Look at the offer",
            address=plan_page(tenant),
            reason=f"You get this mail because you own {tenant.name}.",
        )
    )


def write_retainer_called_off(place: RetainerPlace, begins: datetime) -> None:
    name, plan, day = place.tenant.name, plan_name(place.retainer.plan), write_day(place.tenant, begins)
    _write(
        place.tenant,
        place.retainer.payer,
        subject=f"{name} will not be part of a retainer",
        lines=(
            f"{place.retainer.payer} was to pay for {plan} of {name} from {day} on. That was called off.",
            f"Nothing changes today, and nothing is charged. {name} keeps the plan that it has.",
        ),
        action="See the plan",
    )


def write_bought_twice(row: Subscription, place: RetainerPlace) -> None:
    name, plan, payer = row.tenant.name, plan_name(row.plan), str(place.retainer.payer)
    _write(
        row.tenant,
        row.payer,
        subject=f"{name}: your purchase was taken back",
        lines=(
            f"{plan} was bought for {name} on a page that had been opened earlier. Meanwhile {payer} pays for it, so nobody else has to.",
            "Your purchase ended at once, and what was left of it is your credit with us. Nothing more is charged.",
            f"{name} has {plan_name(place.retainer.plan)}, paid by {payer}.",
        ),
        action="See the plan",
    )


def write_payment_offered(row: Subscription, heir: User, offered_for: timedelta) -> None:
    name, plan = row.tenant.name, plan_name(row.plan)
    if heir.email:
        send_letter(
            Letter(
                to=heir.email,
                subject=f"Will you pay for {name}?",
                lines=(
                    f"{row.payer} pays for the plan {plan} of {name} and would like you to pay for it from now on.",
                    f"The offer stands for {offered_for.days} days. Nothing changes until you accept it and have paid; from then "
                    "on nobody else is charged.",
                ),
                action="Look at the offer",
                address=plan_page(row.tenant),
                reason=f"You get this mail because you are on the team of {name}.",
            )
        )


def _write(tenant: Tenant, payer: Payer, *, subject: str, lines: tuple[str, ...], action: str) -> None:
    for address in list_addresses(tenant, payer):
        send_letter(
            Letter(
                to=address,
                subject=subject,
                lines=lines,
                action=action,
                address=plan_page(tenant),
                reason=f"You get this mail because you own {tenant.name} or pay for it.",
            )
        )


def list_addresses(tenant: Tenant, payer: Payer) -> list[str]:
    """The payer's and the owner's, each once."""
    owner = (
        Membership.objects.select_related("user").filter(tenant=tenant, role=Membership.Role.OWNER).first()
    )
    found = [payer.email or payer.user.email, owner.user.email if owner else ""]
    return list(dict.fromkeys(address for address in found if address))
