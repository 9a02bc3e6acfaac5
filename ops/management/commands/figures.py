"""`manage.py figures <community> set|choose|forget|list`: numbers of the community's own, and which of them breaks ties.

figures acme set badges --csv badges.csv              the first line discord_id,value; then a member a line; - reads the input
figures acme set badges --member 80351110224678912 3  one member; may be repeated
figures acme choose badges|--none                     equal points: more badges stand higher
figures acme forget badges                            the figure with all its values
"""

from __future__ import annotations

import csv
import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

from django.core.management.base import BaseCommand, CommandError

from engagement.leaderboards.words import tie_note
from engagement.members.selectors import find_member_ids, list_figures
from engagement.progression.figures import MAX_VALUE, choose_tie_figure, forget_figure, record_figures
from engagement.standings.models import StandingsState
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.context import enter_tenant
from tenants.selectors import get_context

HEADER: Final = ["discord_id", "value"]
SHOWN: Final = 20  # bad rows

Row = tuple[str, list[str]]  # where it stands, such as “line 3”, and its cells


class Command(BaseCommand):
    help = "Records a community's own figures of its members and chooses the one that breaks ties."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        actions = parser.add_subparsers(dest="action", required=True, metavar="set|choose|forget|list")
        record = actions.add_parser("set", help="Record values, all of them or none.")
        record.add_argument("figure", help="Its name as the board shall show it, such as badges.")
        source = record.add_mutually_exclusive_group(required=True)
        source.add_argument("--csv", metavar="FILE", help="Lines of discord_id,value below that header.")
        source.add_argument("--member", nargs=2, action="append", metavar=("DISCORD_ID", "VALUE"))
        choose = actions.add_parser("choose", help="Break ties by a figure.")
        which = choose.add_mutually_exclusive_group(required=True)
        which.add_argument("figure", nargs="?", help="One that was recorded.")
        which.add_argument("--none", action="store_true", help="By the join date alone.")
        forget = actions.add_parser("forget", help="Delete a figure with all its values.")
        forget.add_argument("figure")
        listing = actions.add_parser("list", help="What was recorded, and what breaks ties.")
        for action in (record, choose, forget, listing):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, slug: str, action: str, **options: Any) -> None:
        try:
            with enter_tenant(get_context(slug=slug)):
                text = getattr(self, f"_{action}")(options)
                if options["json"]:
                    text = json.dumps(_describe())
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(text)

    def _set(self, options: dict[str, Any]) -> str:
        if options["csv"] is None:
            rows: list[Row] = [(f"--member {cells[0]}", cells) for cells in options["member"]]
        else:
            with _opened(options["csv"]) as file:
                rows = list(_read_csv(file))
        changed = record_figures(
            actor=command_actor("figures"), name=options["figure"], values=_values_of(rows)
        )
        return f"{changed:,} of {len(rows):,} values of “{options['figure']}” were new or changed."

    def _choose(self, options: dict[str, Any]) -> str:
        moved = choose_tie_figure(actor=command_actor("figures"), name=options["figure"] or "")
        return f"{tie_note(_chosen())} {moved:,} members' tie-breaks changed."

    def _forget(self, options: dict[str, Any]) -> str:
        return f"“{options['figure']}” of {forget_figure(actor=command_actor('figures'), name=options['figure']):,} members was deleted."

    def _list(self, options: dict[str, Any]) -> str:
        chosen = _chosen()
        lines = [
            f"{figure.name}: {figure.members:,} members, at most {figure.highest:,}"
            + (", breaks ties" if figure.name == chosen else "")
            for figure in list_figures()
        ]
        return "\n".join([*(lines or ["No figures were recorded."]), tie_note(chosen)])


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """The file, or for “-” the standard input."""
    if name == "-":
        yield sys.stdin
        return
    try:
        # What spreadsheets write begins with a byte order mark.
        with open(name, encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is no UTF-8 text. Save it as CSV in UTF-8.") from error


def _read_csv(file: TextIO) -> Iterator[Row]:
    reader = csv.reader(file)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if header != HEADER:
            raise CommandError(
                f"The file's first line is {','.join(HEADER)}; here it is {','.join(header)!r:.80}."
            )
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"line {reader.line_num}", cells
    except csv.Error as error:
        raise CommandError(f"Line {reader.line_num} is no CSV: {error}. Nothing was recorded.") from error


def _values_of(rows: Iterable[Row]) -> dict[int, int]:
    """Values by member id. Raises CommandError that names each bad row."""
    problems: list[str] = []
    by_discord_id: dict[str, tuple[str, int]] = {}
    for place, cells in rows:
        problem = _problem_of(cells)
        discord_id = cells[0].strip() if cells else ""
        if not problem and discord_id in by_discord_id:
            problem = f"{discord_id} stands on {by_discord_id[discord_id][0]} already"
        if problem:
            problems.append(f"{place}: {problem}.")
        else:
            by_discord_id[discord_id] = (place, int(cells[1]))
    member_ids = find_member_ids(provider="discord", external_ids=list(by_discord_id))
    problems += [
        f"{place}: nobody with the Discord id {discord_id} was seen here yet."
        for discord_id, (place, _value) in by_discord_id.items()
        if discord_id not in member_ids
    ]
    if problems:
        more = f"\n… and {len(problems) - SHOWN:,} more." if len(problems) > SHOWN else ""
        raise CommandError("\n".join(["Nothing was recorded.", *problems[:SHOWN]]) + more)
    return {member_ids[discord_id]: value for discord_id, (_place, value) in by_discord_id.items()}


def _problem_of(cells: list[str]) -> str:
    """What is wrong with a row; empty for nothing."""
    if len(cells) != len(HEADER):
        return f"{len(cells)} cells instead of {','.join(HEADER)}"
    discord_id, value = (cell.strip() for cell in cells)
    if not (discord_id.isascii() and discord_id.isdecimal() and len(discord_id) <= 20):
        return f"{discord_id!r:.40} is no Discord id, which has digits only (spreadsheets shorten ids: format the column as text)"
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        return f"{value!r:.40} is no whole number"
    if len(value) > 20 or abs(int(value)) > MAX_VALUE:
        return f"{value!r:.40} is beyond {MAX_VALUE:,} either side of 0"
    return ""


def _chosen() -> str:
    return StandingsState.objects.values_list("tie_figure", flat=True).get(pk=1)


def _describe() -> dict[str, Any]:
    return {
        "tie_figure": _chosen() or None,
        "figures": [
            {
                "name": figure.name,
                "members": figure.members,
                "highest": figure.highest,
                "changed_at": figure.changed_at.isoformat(),
            }
            for figure in list_figures()
        ],
    }
