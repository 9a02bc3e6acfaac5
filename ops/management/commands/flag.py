"""`manage.py flag list|show|set`: how far features are rolled out.

`set NAME --on --percentage 20 --kind course --plan pro --always SLUG --never SLUG`: what is not named stays as it is; `--all-kinds`,
`--all-plans`, `--nobody` empty the lists. Repeating it changes nothing and says so. `--json` prints one object.
"""

from __future__ import annotations

import getpass
import json
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.plans import PLANS
from saas.core.errors import EngageHubError
from tenants.flagging import FlagState, change_flag, get_flag, list_flags
from tenants.flags import FLAGS, Rollout
from tenants.models import Tenant
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Shows and changes how far features are rolled out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|set")
        listing = actions.add_parser("list", help="Every flag that this release declares.")
        show = actions.add_parser("show", help="One flag and who changed it.")
        change = actions.add_parser("set", help="Roll a flag out, or take it back.")
        for action in (show, change):
            action.add_argument("name", choices=sorted(FLAGS))
        state = change.add_mutually_exclusive_group()
        state.add_argument("--on", action="store_true", help="For those whom the rest of the setting names.")
        state.add_argument("--off", action="store_true", help="For everybody but --always.")
        change.add_argument("--percentage", type=int, metavar="0-100")
        change.add_argument("--kind", action="append", choices=Tenant.Kind.values, help="Only these kinds.")
        change.add_argument("--all-kinds", action="store_true")
        change.add_argument("--plan", action="append", choices=list(PLANS), help="Only these plans.")
        change.add_argument("--all-plans", action="store_true")
        change.add_argument("--always", action="append", metavar="SLUG", help="This community has it.")
        change.add_argument("--never", action="append", metavar="SLUG", help="This one does not.")
        change.add_argument("--nobody", action="store_true", help="Name no community one by one.")
        for action in (listing, show, change):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "list":
                self._print([_describe(one) for one in list_flags()], options["json"])
            elif action == "show":
                found = get_flag(name=options["name"])
                self._print([_describe(found) | {"history": _history(found)}], options["json"])
            else:
                before = get_flag(name=options["name"])
                after = change_flag(
                    name=options["name"],
                    rollout=_wanted(before.rollout, options),
                    by=f"command ({getpass.getuser()})",
                )
                changed = before.version != after.version
                self._print([_describe(after) | {"changed": changed}], options["json"])
        except EngageHubError as error:
            raise CommandError(error.message) from error

    def _print(self, found: list[dict[str, Any]], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        for one in found:
            self.stdout.write(f"{one['name']}: {one['words']} ({one['owner']}: {one['purpose']})")
            if one.get("changed") is False:
                self.stdout.write("It was so already.")
            for line in one.get("history", []):
                self.stdout.write(f"  {line['at']} {line['by']}: {line['after']}")


def _wanted(before: Rollout, options: dict[str, Any]) -> Rollout:
    """The setting in hand with what the options name."""
    wanted = replace(before, enabled=True) if options["on"] else before
    if options["off"]:
        wanted = replace(wanted, enabled=False)
    if options["percentage"] is not None:
        wanted = replace(wanted, percentage=options["percentage"])
    if options["nobody"]:
        wanted = replace(wanted, always=frozenset(), never=frozenset())
    if options["all_kinds"] or options["kind"]:
        wanted = replace(wanted, kinds=frozenset(options["kind"] or ()))
    if options["all_plans"] or options["plan"]:
        wanted = replace(wanted, plans=frozenset(options["plan"] or ()))
    on, off = (
        frozenset(get_tenant(slug=slug).pk for slug in options[name] or ()) for name in ("always", "never")
    )
    return replace(wanted, always=(wanted.always - off) | on, never=(wanted.never - on) | off)


def _describe(state: FlagState) -> dict[str, Any]:
    return {
        "name": state.flag.name,
        "owner": state.flag.owner,
        "purpose": state.flag.purpose,
        "words": state.rollout.words,
        "is_declared": state.setting is None,
        **state.rollout.to_data(),
    }


def _history(state: FlagState) -> list[dict[str, Any]]:
    return [] if state.setting is None else list(state.setting.history)
