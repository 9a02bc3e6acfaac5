"""Imports: levels brought over from another bot. Made, given its file, previewed, applied, cancelled, undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.imports.difference import get_numbers, list_lines
from engagement.imports.models import ImportRun
from engagement.imports.selectors import get_import, list_imports
from engagement.imports.services import (
    apply_import,
    cancel_import,
    create_import,
    map_columns,
    set_options,
    undo_import,
    upload_file,
)
from engagement.imports.words import (
    APPLIED,
    APPLYING,
    EXISTING,
    KEEPS,
    KINDS,
    READY,
    SOURCES,
    STATES,
    UPLOADED,
)

from .frame import ApiView, once
from .operations import operation
from .paging import Page, cut, read_cursor, write_cursor
from .serializing import MAX_ID, Input, Output, Paging

TAG = "Imports"
_PIECE: Final = 256 * 1024
_COUNTED: Final = (READY, APPLYING, APPLIED)


class ImportNumbers(Output):
    """The difference to how things are now; after applying, what was done."""

    new = serializers.IntegerField(help_text="Members who are not here yet.")
    raised = serializers.IntegerField()
    lowered = serializers.IntegerField()
    same = serializers.IntegerField()
    error = serializers.IntegerField(help_text="Lines that cannot be used.")
    points = serializers.IntegerField(help_text="Points to be booked in all.")


class ImportAnswer(Output):
    id = serializers.IntegerField(source="pk")
    source = serializers.ChoiceField(choices=list(SOURCES))  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=list(STATES))
    problem = serializers.CharField(help_text="What went wrong and what to do; empty where nothing did.")
    file_name = serializers.CharField()
    columns = serializers.SerializerMethodField(help_text="Of a CSV that waits for its mapping.")
    mapping = serializers.DictField(help_text="CSV: id, name, xp, level → number of the column from 0.")
    keep = serializers.ChoiceField(choices=list(KEEPS))
    existing = serializers.ChoiceField(choices=list(EXISTING))
    rows = serializers.IntegerField(help_text="Lines that name a member.")
    errors = serializers.IntegerField(help_text="Lines that could not be read.")  # type: ignore[assignment]
    done = serializers.IntegerField(help_text="Rows handled in the state that it is in.")
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(source="created_by_name")

    def get_columns(self, run: Any) -> list[str]:
        return [str(name) for name in run.sample.get("columns", [])]


class ImportPreview(ImportAnswer):
    numbers = serializers.SerializerMethodField(help_text="Null until it was read.")

    @extend_schema_field(ImportNumbers(allow_null=True))
    def get_numbers(self, run: Any) -> Any:
        return ImportNumbers(get_numbers(run=run)).data if run.state in _COUNTED else None


class ImportLine(Output):
    line = serializers.IntegerField()
    external_id = serializers.CharField()
    name = serializers.CharField()
    member_id = serializers.IntegerField(allow_null=True)
    kind = serializers.ChoiceField(choices=list(KINDS))
    problem = serializers.CharField(help_text="Why nothing happens to them; empty where something does.")
    old_xp = serializers.IntegerField(allow_null=True)
    old_level = serializers.IntegerField(allow_null=True)
    points_before = serializers.IntegerField()
    points_after = serializers.IntegerField()
    level_before = serializers.IntegerField()
    level_after = serializers.IntegerField()


class ImportInput(Input):
    source = serializers.ChoiceField(choices=UPLOADED, help_text="Where the file comes from.")  # type: ignore[assignment]


class ImportChange(Input):
    mapping = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=10_000),
        required=False,
        help_text="CSV: field → column from 0.",
    )
    keep = serializers.ChoiceField(
        choices=list(KEEPS), required=False, help_text="XP, level, or the old bot's curve."
    )
    existing = serializers.ChoiceField(
        choices=list(EXISTING), required=False, help_text="What becomes of points that are here already."
    )


class LineQuery(Paging):
    kind = serializers.ChoiceField(
        choices=list(KINDS), required=False, help_text="`error`: lines that cannot be used."
    )
    search = serializers.CharField(max_length=100, required=False, help_text="In the name, or the whole id.")


class FileParser(BaseParser):
    """The body is the file itself, read piece by piece."""

    media_type = "application/octet-stream"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return stream


_RUN = {
    "id": 4,
    "source": "csv",
    "state": "ready",
    "problem": "",
    "file_name": "levels.csv",
    "columns": ["id", "name", "xp"],
    "mapping": {"id": 0, "name": 1, "xp": 2},
    "keep": "xp",
    "existing": "highest",
    "rows": 120,
    "errors": 2,
    "done": 0,
    "created_at": "2026-11-21T08:30:00Z",
    "created_by": "Ada",
}
_PREVIEW = {
    **_RUN,
    "numbers": {"new": 20, "raised": 90, "lowered": 0, "same": 10, "error": 2, "points": 48_000},
}


class ImportList(ApiView):
    @operation(
        "list_imports",
        summary="List imports",
        description="The newest first.",
        tag=TAG,
        query=Paging,
        answer=ImportAnswer,
        paged=True,
        example=_RUN,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        limit, place = query["limit"], read_cursor(query.get("cursor", ""), int)
        runs = list_imports(limit=limit + 1, before_id=None if place is None else place[0])
        return self.answer_page(cut(runs, limit, lambda run: (run.pk,)), ImportAnswer)

    @operation(
        "create_import",
        summary="Begin an import",
        description="Nothing changes for any member until it is applied. Upload its file next.",
        tag=TAG,
        body=ImportInput,
        answer=ImportPreview,
        status=201,
        writes=True,
        body_example={"source": "csv"},
        example={**_RUN, "state": "empty", "rows": 0, "errors": 0, "numbers": None},
    )
    def post(self, request: Request) -> Response:
        source = self.read_body()["source"]

        def work() -> Response:
            run = create_import(source=source, actor=self.actor)
            run.refresh_from_db()  # its moment is the database's
            return _answer(run, status=201, Location=f"{request.path}/{run.pk}")

        return once(self, work)


class ImportDetail(ApiView):
    @operation(
        "get_import",
        summary="Preview an import",
        description="Its state, its progress, and in numbers what it would change, or has changed.",
        tag=TAG,
        answer=ImportPreview,
        errors=(404,),
        example=_PREVIEW,
    )
    def get(self, request: Request, import_id: int) -> Response:
        return _answer(get_import(import_id=_checked(import_id)))

    @operation(
        "change_import",
        summary="Map columns, choose what is kept",
        description="A mapping has the CSV read by a job; keep and existing count once it was read. May be repeated until it is applied.",
        tag=TAG,
        body=ImportChange,
        answer=ImportPreview,
        errors=(404, 409),
        body_example={"keep": "level"},
        example={**_PREVIEW, "keep": "level"},
    )
    def patch(self, request: Request, import_id: int) -> Response:
        body = self.read_body()
        run = get_import(import_id=_checked(import_id))
        if "mapping" in body:
            run = map_columns(import_id=import_id, mapping=body["mapping"])
        if "keep" in body or "existing" in body:
            run = set_options(import_id=import_id, keep=body.get("keep"), existing=body.get("existing"))
        return _answer(run)


class ImportFile(ApiView):
    parser_classes = (FileParser,)

    @operation(
        "upload_import_file",
        summary="Upload an import's file",
        description="The body is the file itself, as application/octet-stream. A CSV then waits for its mapping; everything else is read "
        "by a job. In place of an earlier file.",
        tag=TAG,
        answer=ImportPreview,
        errors=(404, 409, 413, 415, 422),
        binary=True,
        example={**_RUN, "state": "mapping", "numbers": None},
    )
    def put(self, request: Request, import_id: int) -> Response:
        if request.content_type != FileParser.media_type:
            raise exceptions.UnsupportedMediaType(str(request.content_type))
        run = upload_file(
            import_id=_checked(import_id),
            file_name=request.headers.get("X-File-Name", "upload"),
            pieces=_pieces(request._request),
        )
        return _answer(run)


class ImportLines(ApiView):
    @operation(
        "list_import_lines",
        summary="List an import's lines",
        description="Member by member before and after; `kind=error` gives the lines that cannot be used, and why.",
        tag=TAG,
        query=LineQuery,
        answer=ImportLine,
        paged=True,
        errors=(404,),
        example={
            "line": 7,
            "external_id": "80351110224678912",
            "name": "Ada",
            "member_id": 12,
            "kind": "raised",
            "problem": "",
            "old_xp": 5_000,
            "old_level": 9,
            "points_before": 1_284,
            "points_after": 5_000,
            "level_before": 7,
            "level_after": 13,
        },
    )
    def get(self, request: Request, import_id: int) -> Response:
        query = self.read_query()
        run = get_import(import_id=_checked(import_id))
        # The lines of a run come in one order and neither come nor go.
        place = read_cursor(query.get("cursor", ""), int)
        limit = query["limit"]
        lines = list_lines(
            run=run,
            kind=query.get("kind", ""),
            search=query.get("search", ""),
            limit=limit + 1,
            place=0 if place is None else max(0, min(place[0], 2**62)),
        )
        following = write_cursor(lines[limit - 1].id) if len(lines) > limit else None
        return self.answer_page(Page(lines[:limit], following), ImportLine)


class ImportApply(ApiView):
    @operation(
        "apply_import",
        summary="Apply an import",
        description="A job books it in one silent batch, as its options say. Repeating it changes nothing.",
        tag=TAG,
        answer=ImportPreview,
        status=202,
        errors=(404,),
        writes=True,
        example={**_PREVIEW, "state": "applying"},
    )
    def post(self, request: Request, import_id: int) -> Response:
        return once(self, lambda: _answer(self._act(apply_import, import_id), status=202))

    def _act(self, service: Any, import_id: int) -> ImportRun:
        run: ImportRun = service(import_id=_checked(import_id), actor=self.actor, context=self.context)
        return run


class ImportCancel(ImportApply):
    @operation(
        "cancel_import",
        summary="Cancel an import",
        description="Gives it up; what was booked already is taken back exactly. Repeating it changes nothing.",
        tag=TAG,
        answer=ImportPreview,
        status=202,
        errors=(404,),
        writes=True,
        example={**_RUN, "state": "cancelled", "numbers": None},
    )
    def post(self, request: Request, import_id: int) -> Response:
        return once(self, lambda: _answer(self._act(cancel_import, import_id), status=202))


class ImportUndo(ImportApply):
    @operation(
        "undo_import",
        summary="Undo an import",
        description="A job takes back what it booked; what members earned since stays. The newest import is undone first. Repeating it "
        "changes nothing.",
        tag=TAG,
        answer=ImportPreview,
        status=202,
        errors=(404,),
        writes=True,
        example={**_RUN, "state": "undoing", "numbers": None},
    )
    def post(self, request: Request, import_id: int) -> Response:
        return once(self, lambda: _answer(self._act(undo_import, import_id), status=202))


def _answer(run: ImportRun, *, status: int = 200, **headers: str) -> Response:
    return Response(ImportPreview(run).data, status=status, headers=headers)


def _checked(import_id: int) -> int:
    return min(import_id, MAX_ID)


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(_PIECE):
        yield piece
