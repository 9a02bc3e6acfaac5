"""`manage.py levels <community> show|preview|set|name`: what a level costs and what it is called."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.levels.curves import KINDS, LevelCurve
from engagement.levels.selectors import list_level_names, load_curve
from engagement.levels.services import set_level_name
from engagement.progression.levelling import change_curve, preview_curve
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant
from tenants.selectors import get_tenant

SHOWN = 10


class Command(BaseCommand):
    help = "Shows and changes a community's levels."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        actions = parser.add_subparsers(dest="action", required=True, metavar="show|preview|set|name")
        show = actions.add_parser("show", help="The points of the first levels, and the levels' names.")
        preview = actions.add_parser("preview", help="How many members would change level.")
        change = actions.add_parser("set", help="Set the curve; every member's level follows at once.")
        for action in (preview, change):
            action.add_argument("kind", choices=KINDS)
            action.add_argument(
                "parameters", nargs="?", default="{}", help='JSON, such as {"step": 500} for linear.'
            )
        name = actions.add_parser("name", help="Name a level; an empty name takes it away.")
        name.add_argument("level", type=int)
        name.add_argument("name")
        for action in (show, preview, change, name):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, slug: str, action: str, **options: Any) -> None:
        try:
            with enter_tenant(TenantContext.of(get_tenant(slug=slug))):
                text, data = getattr(self, f"_{action}")(options)
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(json.dumps(data) if options["json"] else text)

    def _show(self, options: dict[str, Any]) -> tuple[str, Any]:
        curve, names = load_curve(), list_level_names()
        lines = [
            f"level {level:>4} {points:>12,} points  {names.get(level, '')}".rstrip()
            for level, points in enumerate(curve.thresholds)
            if level <= SHOWN or level == curve.max_level or level in names
        ]
        return "\n".join(lines), {"thresholds": list(curve.thresholds), "names": names}

    def _preview(self, options: dict[str, Any]) -> tuple[str, Any]:
        preview = preview_curve(kind=options["kind"], parameters=_parameters(options))
        text = f"Of {preview.members:,} members {preview.rise:,} would rise and {preview.fall:,} would fall."
        return text, {"members": preview.members, "rise": preview.rise, "fall": preview.fall}

    def _set(self, options: dict[str, Any]) -> tuple[str, Any]:
        change = change_curve(
            kind=options["kind"], parameters=_parameters(options), actor=command_actor("levels")
        )
        text = (
            f"The curve is set; {change.members_changed:,} members changed level. {_beginning(change.curve)}"
        )
        return text, {"members_changed": change.members_changed, "version": change.curve.version}

    def _name(self, options: dict[str, Any]) -> tuple[str, Any]:
        set_level_name(level=options["level"], name=options["name"], actor=command_actor("levels"))
        return f"Level {options['level']} is named.", list_level_names()


def _parameters(options: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = json.loads(options["parameters"])
    except ValueError as error:
        raise CommandError(f"The parameters are not valid JSON: {error}.") from error
    if not isinstance(parameters, dict):
        raise CommandError('The parameters are a JSON object, such as {"step": 500}.')
    return parameters


def _beginning(curve: LevelCurve) -> str:
    first = ", ".join(f"{points:,}" for points in curve.thresholds[1:4])
    return f"Levels 1, 2, … begin at {first}, … points."
