"""`manage.py retainer agree|cover|release|end|renew|list`: a fixed price for a bundle of communities, paid by invoice."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Retainer
from billing.plans import CURRENCIES, INTERVALS, PLANS
from billing.retainers.agreeing import Terms, agree_retainer, end_retainer, renew_retainer
from billing.retainers.covering import cover_community, release_community
from billing.retainers.selectors import list_retainers
from billing.wording import plan_name, write_amount
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.models import User
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "A fixed price for several communities that one company pays by invoice. Repeating an act changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        agree = acts.add_parser("agree", help="Begin one, from now on.")
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
        agree.add_argument("--until", default="", help="Its agreed end, as 2027-12-31. Empty: it renews.")
        agree.add_argument("--note", default="", help="For ourselves.")
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
        acts.add_parser("renew", help="Take its end back.").add_argument("key", help="The retainer's.")
        acts.add_parser("list", help="All of them, as JSON lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
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
            ends_at=_end_of(options["until"]),
        )
        user = _find_user(options["user"])
        facts = {"company": options["company"], "email": options["email"], "note": options["note"]}
        self._say(agree_retainer(user=user, terms=terms, **facts))

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
                "communities": [place.tenant.slug for place in book.places],
            }  # fmt: skip
            self.stdout.write(json.dumps(facts))

    def _say(self, row: Retainer) -> None:
        price = f"{write_amount(row.amount, row.currency)} a {row.interval}"
        ends = row.ended_at or row.cancel_at
        dated = f" It ends on {ends:%-d %B %Y}." if ends else ""
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


def _end_of(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(23, 59), UTC)  # noqa: DTZ007
    except ValueError:
        raise CommandError("Write the day as 2027-12-31, or leave --until away.") from None
