"""`manage.py invoice_plan <slug> --plan enterprise --company … --email …`: a plan that a company pays by invoice."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.invoicing import invoice_plan
from billing.plans import CURRENCIES, INTERVALS, PLANS
from billing.wording import plan_name
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Gives a community a plan that a company pays by invoice. Repeating it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        parser.add_argument("--plan", default="enterprise", choices=[key for key in PLANS if key != "free"])
        parser.add_argument("--interval", default="year", choices=INTERVALS)
        parser.add_argument("--currency", default=CURRENCIES[0], choices=CURRENCIES)
        parser.add_argument("--cohorts", type=int, default=1)
        parser.add_argument("--company", required=True, help="Whose name stands on the invoices.")
        parser.add_argument("--email", required=True, help="Where the invoices go.")
        parser.add_argument(
            "--days", type=int, default=30, help="In how many days an invoice is due. Default 30."
        )
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = invoice_plan(
                tenant_id=get_tenant(slug=options["slug"]).pk,
                plan=options["plan"],
                interval=options["interval"],
                currency=options["currency"],
                quantity=options["cohorts"],
                company=options["company"],
                email=options["email"],
                days_until_due=options["days"],
                actor=command_actor("invoice_plan"),
            )
        except EngageHubError as error:
            raise CommandError(error.message) from error
        facts = {
            "subscription": row.stripe_id,
            "plan": row.plan,
            "status": row.status,
            "payer": row.payer.key,
        }
        if options["json"]:
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(
                f"{options['slug']} has the plan {plan_name(row.plan)}; {options['company']} is sent invoices to {options['email']}."
            )
