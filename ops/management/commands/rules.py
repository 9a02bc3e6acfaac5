"""`manage.py rules <community> list|add|revise|enable|disable|archive|settings`: what a community rewards.

Changes hold from ingest's next batch on. A definition is JSON, as engagement/rules/definition.py describes it.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.progression.boards import set_board_rules
from engagement.rules import services
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rules_settings, list_rules
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Lists and changes the rules by which a community's members earn points."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="The rules in the order in which they are judged.")
        listing.add_argument("--archived", action="store_true", help="Those that were archived too.")
        add = actions.add_parser("add", help="Add a rule.")
        add.add_argument("--name", required=True)
        revise = actions.add_parser("revise", help="Give a rule a new version; points already given stay.")
        revise.add_argument("--name")
        for action in (add, revise):
            action.add_argument(
                "--definition",
                required=action is add,
                type=_json,
                help='Such as {"triggers": ["message"], "amount": 5}.',
            )
        toggles = [
            actions.add_parser(name, help=text)
            for name, text in (
                ("enable", "Switch a rule on."),
                ("disable", "Switch a rule off."),
                ("archive", "Take a rule away for good; its versions stay."),
            )
        ]
        for action in (add, revise, *toggles):
            action.add_argument("key", help="The rule's key, as `list` shows it.")
        settings = actions.add_parser("settings", help="Show or set what holds for all rules.")
        settings.add_argument("--reversal-seconds", type=int, help="How long a deletion takes points back.")
        for name, what in (("channels", "channels"), ("categories", "categories"), ("roles", "roles")):
            settings.add_argument(
                f"--excluded-{name}",
                nargs="*",
                metavar="ID",
                help=f"Discord's ids of {what} that earn nothing.",
            )
        settings.add_argument(
            "--unranked-roles", nargs="*", metavar="ID", help="Discord's ids of roles that hold no rank."
        )
        for action in (listing, add, revise, settings, *toggles):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, slug: str, action: str, **options: Any) -> None:
        try:
            context = TenantContext.of(get_tenant(slug=slug))
            with enter_tenant(context):
                text, data = getattr(self, f"_{action}")(context, options)
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(data, default=sorted) if options["json"] else text)

    def _list(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rules = list_rules(include_archived=options["archived"])
        lines = [
            f"{rule.key:<24} {_state(rule):<10} {rule.name} · {json.dumps(_definition(rule))}"
            for rule in rules
        ]
        empty = "There is no rule, so nobody earns points. Add one: manage.py rules <community> add …"
        return "\n".join(lines) or empty, [_describe(rule) for rule in rules]

    def _add(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rule = services.create_rule(
            key=options["key"],
            name=options["name"],
            definition=options["definition"],
            actor=command_actor("rules"),
        )
        return f"The rule “{rule.name}” is added and holds from now on.", _describe(rule)

    def _revise(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rule = services.revise_rule(
            key=options["key"],
            name=options["name"],
            definition=options["definition"],
            actor=command_actor("rules"),
        )
        return f"The rule “{rule.name}” holds as it is now.", _describe(rule)

    def _enable(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rule = services.set_rule_enabled(key=options["key"], enabled=True, actor=command_actor("rules"))
        return f"The rule “{rule.name}” is on.", _describe(rule)

    def _disable(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rule = services.set_rule_enabled(key=options["key"], enabled=False, actor=command_actor("rules"))
        return f"The rule “{rule.name}” is off.", _describe(rule)

    def _archive(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        rule = services.archive_rule(key=options["key"], actor=command_actor("rules"))
        return f"The rule “{rule.name}” is archived.", _describe(rule)

    def _settings(self, context: TenantContext, options: dict[str, Any]) -> tuple[str, Any]:
        names = ("reversal_seconds", "excluded_channels", "excluded_categories", "excluded_roles")
        changes = {name: options[name] for name in names if options[name] is not None}
        if changes:
            services.set_rules_settings(**changes, actor=command_actor("rules"))
        moved = None
        if options["unranked_roles"] is not None:
            moved = set_board_rules(
                excluded_roles=options["unranked_roles"], actor=command_actor("rules"), context=context
            )
        settings = asdict(get_rules_settings())
        lines = [
            f"{name:<20} {', '.join(sorted(value)) or 'none' if isinstance(value, frozenset) else value}"
            for name, value in settings.items()
        ]
        if moved is not None:
            lines.append(f"{moved} members gained or lost their ranks.")
        return "\n".join(lines), settings


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"The definition is not valid JSON: {error}.") from error


def _state(rule: Rule) -> str:
    return "archived" if rule.archived_at else "on" if rule.enabled else "off"


def _definition(rule: Rule) -> Any:
    return rule.latest.definition if rule.latest else None


def _describe(rule: Rule) -> dict[str, Any]:
    return {
        "key": rule.key,
        "name": rule.name,
        "state": _state(rule),
        "version": rule.latest.number if rule.latest else 0,
        "definition": _definition(rule),
    }
