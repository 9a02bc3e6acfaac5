"""@operation: what an endpoint is called, what it takes and answers, in one place for the OpenAPI document and for the frame.

Every operation has a row in access.py under the same id; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers

from .access import OPERATIONS
from .problems import MEDIA_TYPE

UPLOAD: Final = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "The file, with its name."}
        },
        "required": ["file"],
    }
}
View = TypeVar("View", bound=Callable[..., Any])
SerializerClass = type[serializers.Serializer[Any]]
MEANINGS: Final = {
    400: "The body is no JSON.",
    401: "Who asks is not known.",
    403: "You may not do this.",
    404: "It does not exist, or not for you.",
    406: "The Accept header excludes JSON.",
    409: "Somebody or something got there first.",
    412: "It was changed since you read it; `current` is what it is now.",
    413: "The body has more than 1 MiB.",
    415: "The body is no application/json.",
    422: "A value is wrong; `errors` names it.",
    428: "Send If-Match with the ETag that you read.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "Something we depend on is away; Retry-After says when to go on.",
}


class FieldProblem(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class ProblemBody(serializers.Serializer[Any]):
    """An error, as RFC 9457 describes."""

    type = serializers.URLField(
        help_text="Names the kind of error and leads to its description. Never changes."
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened, why, and what to do.")
    code = serializers.CharField(help_text="The kind of error, for programs. Never changes.")
    reference = serializers.CharField(help_text="What to quote to us.")
    errors = FieldProblem(many=True, required=False, help_text="Where single fields are wrong.")  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint as declared."""

    id: str
    body: SerializerClass | None
    query: SerializerClass | None
    writes: bool  # a POST that an Idempotency-Key makes safe to repeat


def operation(
    name: str,
    *,
    summary: str,
    description: str,
    tag: str,
    answer: SerializerClass | None,
    example: Any = None,
    status: int = 200,
    query: SerializerClass | None = None,
    body: SerializerClass | None = None,
    body_example: Any = None,
    errors: Sequence[int] = (),
    writes: bool = False,
    paged: bool = False,
    binary: bool = False,
    upload: Any = None,
) -> Callable[[View], View]:
    """Declares a method of an ApiView. `upload`: it takes one file as multipart/form-data (multipart.py); this is an example of it."""
    access = OPERATIONS[name]
    responses: dict[Any, Any] = {
        status: _answer(answer, paged) if answer else OpenApiResponse(description="Done.")
    }
    for number in _list_statuses(errors, body=body is not None, query=query is not None, writes=writes):
        responses[(number, MEDIA_TYPE)] = OpenApiResponse(ProblemBody, description=MEANINGS[number])
    answered = {"items": [example], "next_cursor": None} if paged and example is not None else example
    examples = _list_examples(summary, status, answered, body_example, upload)
    who = f"\n\nOpen to: {access.words}."

    def declare(view: View) -> View:
        extended = extend_schema(
            operation_id=name,
            summary=summary,
            description=description + who,
            tags=[tag],
            parameters=[query] if query is not None else [],
            request=UPLOAD
            if upload is not None
            else {"application/octet-stream": OpenApiTypes.BINARY}
            if binary
            else body,
            responses=responses,
            examples=examples,
        )(view)
        extended.operation = Operation(name, body, query, writes)  # type: ignore[attr-defined]
        return extended

    return declare


def _list_statuses(errors: Sequence[int], *, body: bool, query: bool, writes: bool) -> list[int]:
    """What may go wrong: with every operation, with one that takes a body or a query, with one that writes, and `errors`."""
    statuses = {401, 403, 406, 429, 503, *errors}
    if body:
        statuses |= {400, 413, 415, 422}
    if query or writes:
        statuses |= {422}
    if writes:
        statuses |= {409}
    return sorted(statuses)


def _list_examples(summary: str, status: int, answered: Any, body: Any, upload: Any) -> list[OpenApiExample]:
    examples = []
    if answered is not None:
        examples.append(
            OpenApiExample(summary, value=answered, response_only=True, status_codes=[str(status)])
        )
    if body is not None:
        examples.append(OpenApiExample(summary, value=body, request_only=True))
    if upload is not None:
        examples.append(
            OpenApiExample(summary, value=upload, request_only=True, media_type="multipart/form-data")
        )
    return examples


_pages: dict[str, SerializerClass] = {}


def _answer(answer: SerializerClass, paged: bool) -> SerializerClass:
    if not paged:
        return answer
    name = f"{answer.__name__}Page"
    if name not in _pages:
        fields = {
            "__doc__": f"A page of {answer.__name__}.",
            "items": answer(many=True),
            "next_cursor": serializers.CharField(
                allow_null=True, help_text="Send it as `cursor` for the next page; null at the end."
            ),
        }
        _pages[name] = type(name, (serializers.Serializer,), fields)
    return _pages[name]
