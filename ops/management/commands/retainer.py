"""`manage.py retainer agree|change|undo|cover|release|end|renew|call-off|list`: a fixed price for a bundle of communities, paid by invoice."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Retainer
from billing.plans import CURRENCIES, INTERVALS, PLANS
from billing.retainers.agreeing import agree_retainer, call_off_retainer, end_retainer, renew_retainer
from billing.retainers.changing import WHENS, change_terms, preview_terms, undo_terms
from billing.retainers.covering import cover_community, release_community
from billing.retainers.selectors import get_retainer, list_retainers
from billing.retainers.terms import NOT_STARTED, Deal, Terms, deal_of, planned_of, version_of
from billing.wording import plan_name, write_amount
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.models import User
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "A fixed price for several communities that one company pays by invoice. Repeating an act changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        agree = acts.add_parser("agree", help="Begin one, from now on or on a later day.")
        agree.add_argument(
            "--user", required=True, help="Login of whoever manages it, by mail address or name."
        )
        agree.add_argument("--company", required=True, help="Whose name stands on the invoices.")
        agree.add_argument("--email", required=True, help="Where the invoices go.")
        agree.add_argument("--plan", required=True, choices=[key for key in PLANS if key != "free"])
        agree.add_argument("--price", required=True, help="For all together, such as 400 or 399.50.")
        agree.add_argument("--places", required=True, type=int, help="So many communities at once.")
        agree.add_argument("--interval", default="month", choices=INTERVALS)
        agree.add_argument("--currency", default=CURRENCIES[0], choices=CURRENCIES)
        agree.add_argument(
            "--days", type=int, default=30, help="In how many days an invoice is due. Default 30."
        )
        agree.add_argument(
            "--from", dest="begins", default="", help="Its first day, as 2027-01-01. Empty: now."
        )
        agree.add_argument("--until", default="", help="Its agreed end, as 2027-12-31. Empty: it renews.")
        agree.add_argument("--note", default="", help="For ourselves.")
        change = acts.add_parser("change", help="Other terms. Shows Stripe's figures; --confirm does it.")
        change.add_argument("key", help="The retainer's.")
        change.add_argument("--plan", choices=[key for key in PLANS if key != "free"])
        change.add_argument("--price", help="For all together, such as 400 or 399.50.")
        change.add_argument("--places", type=int, help="So many communities at once.")
        change.add_argument("--days", type=int, help="In how many days an invoice is due.")
        change.add_argument(
            "--when", default="next", choices=WHENS, help="At once, or from the next period on."
        )
        change.add_argument("--confirm", action="store_true", help="Do it; without, it is only shown.")
        for name, what in (
            ("cover", "Take a community in."),
            ("release", "Take one out; it keeps the plan for the grace."),
        ):
            act = acts.add_parser(name, help=what)
            act.add_argument("key", help="The retainer's.")
            act.add_argument("slug", help="The community.")
        end = acts.add_parser("end", help="It renews no more.")
        end.add_argument("key", help="The retainer's.")
        end.add_argument("--now", action="store_true", help="At once; what is left becomes credit.")
        for name, what in (
            ("renew", "Take its end back."),
            ("undo", "Take back what is planned for the next period."),
            ("call-off", "One whose first day is ahead never begins."),
        ):
            acts.add_parser(name, help=what).add_argument("key", help="The retainer's.")
        acts.add_parser("list", help="All of them, as JSON lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act'].replace('-', '_')}")(options)
        except EngageHubError as error:
            raise CommandError(error.message) from error

    def _agree(self, options: dict[str, Any]) -> None:
        terms = Terms(
            plan=options["plan"],
            interval=options["interval"],
            currency=options["currency"],
            amount=_cents(options["price"]),
            places=options["places"],
            days_until_due=options["days"],
            starts_at=_first_of(options["begins"]),
            ends_at=_end_of(options["until"]),
        )
        user = _find_user(options["user"])
        facts = {"company": options["company"], "email": options["email"], "note": options["note"]}
        self._say(agree_retainer(user=user, terms=terms, **facts))

    def _change(self, options: dict[str, Any]) -> None:
        row = get_retainer(key=options["key"])
        held = planned_of(row) or deal_of(row)
        deal = Deal(
            plan=options["plan"] or held.plan,
            amount=held.amount if options["price"] is None else _cents(options["price"]),
            places=options["places"] or held.places,
            days_until_due=options["days"] or held.days_until_due,
        )
        shown = preview_terms(key=row.key, deal=deal, when=options["when"])
        for line in shown.lines:
            self.stdout.write(f"  {line.text}: {write_amount(line.amount, row.currency)}")
        self.stdout.write(
            f"Due at once: {write_amount(shown.total, row.currency)}."
            if shown.when == "now"
            else f"Nothing at once; from {shown.effective_at:%-d %B %Y} on."
        )
        if shown.next_at is not None:
            self.stdout.write(
                f"Next invoice: {write_amount(shown.next_amount, row.currency)} on {shown.next_at:%-d %B %Y}."
            )
        if not options["confirm"]:
            self.stdout.write("Nothing was changed. --confirm does it.")
            return
        done = change_terms(
            key=row.key, deal=deal, when=options["when"], proration_date=shown.proration_date,
            version=shown.version, actor=command_actor("retainer"),
        )  # fmt: skip
        self._say(done)

    def _undo(self, options: dict[str, Any]) -> None:
        row = get_retainer(key=options["key"])
        self._say(undo_terms(key=row.key, version=version_of(row), actor=command_actor("retainer")))

    def _call_off(self, options: dict[str, Any]) -> None:
        row = call_off_retainer(key=options["key"], actor=command_actor("retainer"))
        self.stdout.write(f"{row.key}: {row.payer}, called off.")

    def _cover(self, options: dict[str, Any]) -> None:
        tenant = get_tenant(slug=options["slug"])
        place = cover_community(key=options["key"], tenant_id=tenant.pk, actor=command_actor("retainer"))
        self.stdout.write(f"{tenant.name} has {plan_name(place.retainer.plan)}.")

    def _release(self, options: dict[str, Any]) -> None:
        tenant = get_tenant(slug=options["slug"])
        place = release_community(key=options["key"], tenant_id=tenant.pk, actor=command_actor("retainer"))
        self.stdout.write(f"{tenant.name} is taken out." if place else f"{tenant.name} is not in it.")

    def _end(self, options: dict[str, Any]) -> None:
        self._say(end_retainer(key=options["key"], at_once=options["now"], actor=command_actor("retainer")))

    def _renew(self, options: dict[str, Any]) -> None:
        self._say(renew_retainer(key=options["key"]))

    def _list(self, options: dict[str, Any]) -> None:
        for book in list_retainers():
            row = book.retainer
            facts = {
                "key": row.key, "company": str(row.payer), "plan": row.plan, "amount": row.amount, "currency": row.currency,
                "interval": row.interval, "places": row.places, "status": row.status,
                "communities": [place.tenant.slug for place in book.places], "planned": row.planned,
                "starts_at": row.starts_at.isoformat() if row.starts_at else None,
            }  # fmt: skip
            self.stdout.write(json.dumps(facts))

    def _say(self, row: Retainer) -> None:
        price = f"{write_amount(row.amount, row.currency)} a {row.interval}"
        ends = row.ended_at or row.cancel_at
        dated = f" It ends on {ends:%-d %B %Y}." if ends else ""
        if row.status == NOT_STARTED and row.starts_at is not None:
            dated = f" It begins on {row.starts_at:%-d %B %Y}.{dated}"
        planned = planned_of(row)
        if planned is not None and row.period_end is not None:
            dated += (
                f" From {row.period_end:%-d %B %Y} on: {plan_name(planned.plan)} for {planned.places} communities, "
                f"{write_amount(planned.amount, row.currency)} a {row.interval}."
            )
        self.stdout.write(
            f"{row.key}: {row.payer}, {plan_name(row.plan)} for {row.places} communities, {price}.{dated}"
        )


def _find_user(named: str) -> User:
    user = User.objects.filter(email__iexact=named).first() or User.objects.filter(username=named).first()
    if user is None:
        raise CommandError(f"Nobody signs in as “{named[:80]}”. Give a mail address or a user's name.")
    return user


def _cents(text: str) -> int:
    try:
        amount = Decimal(text) * 100
    except InvalidOperation:
        raise CommandError(f"“{text[:20]}” is no price. Write it as 400 or 399.50.") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise CommandError("A price has at most two decimals.")
    return int(amount)


def _first_of(text: str) -> datetime | None:
    day = _day_of(text, "--from")
    return datetime.combine(day, time(), UTC) if day else None


def _end_of(text: str) -> datetime | None:
    day = _day_of(text, "--until")
    return datetime.combine(day, time(23, 59), UTC) if day else None


def _day_of(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"Write the day as 2027-12-31, or leave {option} away.") from None
