"""The difference as a list of the dashboard: searched, filtered, paged, exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from engagement.imports.difference import Line, count_lines, list_lines
from engagement.imports.models import ImportRun
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Face, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter
from frontend_api.dashboard.parts.lists import Column, Empty, ListKind, ListQuery, Place, Sort

KIND_NAMES: Final = {
    "new": "New here",
    "raised": "Higher level",
    "lowered": "Lower level",
    "same": "Same level",
    "error": "Cannot be used",
}
_TAGS: Final = {"new": "accent", "raised": "good", "lowered": "warn", "same": "", "error": "warn"}


@dataclass(frozen=True, slots=True)
class LineSource:
    run: ImportRun

    def count(self, query: ListQuery) -> int:
        return count_lines(run=self.run, kind=query.values.get("kind", ""), search=query.text)

    def read(self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool) -> list[Any]:
        return list_lines(
            run=self.run,
            kind=query.values.get("kind", ""),
            search=query.text,
            limit=limit,
            place=after.id if after is not None else 0,
            backwards=backwards,
        )

    def place(self, row: Any, sort: Sort) -> Place:
        return Place(row.id, row.id)


def build_lines_list(run: ImportRun, *, points_name: str) -> ListKind:
    bot = run.source_name
    return ListKind(
        key="import-lines",
        name="members",
        columns=(
            Column("name", "Member", _name),
            Column("kind", "What happens", lambda line: Tag(KIND_NAMES[line.kind], _TAGS[line.kind])),
            Column(
                "level_before", "Level now", lambda line: _unless_error(line, line.level_before), number=True
            ),
            Column(
                "level_after", "Level then", lambda line: _unless_error(line, line.level_after), number=True
            ),
            Column(
                "points_before",
                f"{points_name.capitalize()} now",
                lambda line: _unless_error(line, line.points_before),
                number=True,
            ),
            Column(
                "points_after",
                f"{points_name.capitalize()} then",
                lambda line: _unless_error(line, line.points_after),
                number=True,
            ),
            Column("old_level", f"Level in {bot}", lambda line: line.old_level, number=True),
            Column("old_xp", f"XP in {bot}", lambda line: line.old_xp, number=True),
            Column("line", "Line", lambda line: line.line, number=True, shown=run.errors > 0),
            Column("problem", "Why not", lambda line: line.problem or None, shown=run.errors > 0),
            Column("id", "Discord id", lambda line: line.external_id, shown=False),
        ),
        sorts=(Sort("place", "number"),),
        sort="place",
        source=LineSource(run),
        filters=(
            Filter(
                "kind", "What happens", "one", tuple(Choice(key, name) for key, name in KIND_NAMES.items())
            ),
        ),
        search="Search by name or Discord id",
        empty=Empty("users", "Nobody is in this import", "Begin another one with a file that holds members."),
        row_name=lambda line: line.name or line.external_id,
        row_id=lambda line: line.id,
    )


def _name(line: Line) -> object:
    if line.member_id is None:
        return line.name or line.external_id
    return Face(line.name, write_address("member", line.member_id), line.avatar_url, line.member_id)


def _unless_error(line: Line, number: int) -> int | None:
    return None if line.kind == "error" else number
