"""`manage.py seed_demo`: five communities, one of each kind, with months of history; or what is new since the last time.

For the local stack only: the logins' password is known to everyone. Repeating it adds the days that have passed and changes
nothing else.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engagement.activity.consumer import calm_collector
from ops.demo.boosting import plan_demo_boosts
from ops.demo.communities import COMMUNITIES, DemoCommunity, get_demo
from ops.demo.crediting import make_demo_credits
from ops.demo.earlier import plan_held_since
from ops.demo.feeding import Feeder, in_the_past
from ops.demo.founding import ensure_key, found_community, make_logins
from ops.demo.history import subject_of
from ops.demo.people import list_people
from ops.demo.redeeming import redeem_demo_rewards
from ops.demo.shops import stock_demo_shop
from ops.demo.submitting import hand_in_demo
from ops.demo.subscribing import buy_demo_plan
from ops.demo.supporting import support_demo
from saas.core import clock
from saas.core.errors import EngageHubError


class Command(BaseCommand):
    help = "Makes five demo communities with months of history, through ingest; again, it adds the days since. Local only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only", action="append", default=[], metavar="SLUG", help="May be given several times."
        )
        parser.add_argument(
            "--born",
            type=date.fromisoformat,
            help="The day on which the demo was first made. Default: today.",
        )
        parser.add_argument(
            "--no-history", action="store_true", help="The communities and logins alone, with an empty past."
        )
        parser.add_argument(
            "--labels",
            action="store_true",
            help="Print who only came for the points, one JSON object a line, and do nothing else.",
        )

    def handle(
        self, *args: Any, only: list[str], born: date | None, no_history: bool, labels: bool, **options: Any
    ) -> None:
        chosen = self._choose(only)
        born = born or clock.now().date()
        if labels:
            self._print_labels(chosen, born)
            return
        if settings.BASE_DOMAIN != "localhost":
            raise CommandError(
                "seed_demo makes logins with a known password; it runs where BASE_DOMAIN is localhost."
            )
        try:
            self._seed(chosen, born, no_history=no_history)
        except EngageHubError as error:
            raise CommandError(error.message) from error

    def _choose(self, only: list[str]) -> list[DemoCommunity]:
        try:
            return [get_demo(slug) for slug in only] or list(COMMUNITIES)
        except KeyError as error:
            known = ", ".join(one.slug for one in COMMUNITIES)
            raise CommandError(f"There is no demo community {error}. There are: {known}.") from error

    def _seed(self, chosen: list[DemoCommunity], born: date, *, no_history: bool) -> None:
        make_logins()
        found = [(community, found_community(community)) for community in chosen]
        keys = {community.slug: ensure_key(community, context) for community, context in found}
        bought = [buy_demo_plan(community, context.tenant_id) for community, context in found]
        if any(bought):
            # With what their plans allow.
            found = [(community, found_community(community)) for community in chosen]
        if no_history:
            return
        for community, context in found:
            plan_demo_boosts(community, context, now=clock.now())
        calm_collector()
        with Feeder() as feeder:
            for community, context in found:
                fed = feeder.feed(community, context, born=born, key_id=keys[community.slug], now=clock.now())
                make_demo_credits(community, context, now=clock.now())
                stock_demo_shop(community, context, now=clock.now())  # some rewards give credits
                self.stdout.write(
                    f"{community.name}: {fed.activities} activities of {fed.days} days in {fed.seconds:.1f} s."
                )
                redeem_demo_rewards(context, now=clock.now())
                now = clock.now()
                long_ago = now - timedelta(days=366)
                with plan_held_since(context, long_ago), in_the_past(context.schema, since=now):
                    handed = hand_in_demo(community, context, now=now)
                self.stdout.write(f"{community.name}: {handed} submissions.")
                supporters = support_demo(community, context, now=clock.now())
                if supporters:
                    self.stdout.write(f"{community.name}: {supporters} supporters.")

    def _print_labels(self, chosen: list[DemoCommunity], born: date) -> None:
        for community in chosen:
            for person in list_people(community, community.first_day(born)):
                if person.label:
                    facts = {
                        "community": community.slug,
                        "subject": subject_of(community, person.number),
                        "name": person.name,
                        "label": person.label,
                    }
                    self.stdout.write(json.dumps(facts, ensure_ascii=False))
