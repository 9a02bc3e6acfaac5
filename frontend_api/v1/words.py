"""The OpenAPI document in words for its page: sections by tag, operations with their parameters, examples and errors. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter or a field."""

    name: str
    kind: str
    needed: bool
    meaning: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    paragraphs: list[SafeString]
    parameters: list[Line]  # beside those of COMMON
    common: list[str]
    fields: list[Line]
    request: str
    answer: SafeString
    status: str
    errors: list[tuple[str, str]]
    curl: SafeString


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    slug: str
    entries: list[Entry] = field(default_factory=list)


# Said once for the whole reference, so that it stays small enough for one page.
COMMON: Final = ("Idempotency-Key", "If-Match", "If-None-Match", "limit", "cursor")
_MARKS: Final = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\*(.+?)\*")


def mark_up(text: str) -> list[SafeString]:
    """Paragraphs with **strong**, *emphasis* and `code`; everything else is escaped."""
    return [_paragraph(part) for part in text.strip().split("\n\n")]


def _paragraph(text: str) -> SafeString:
    pieces, at = [], 0
    for found in _MARKS.finditer(text):
        pieces.append(format_html("{}", text[at : found.start()]))
        strong, code, emphasis = found.groups()
        if strong:
            pieces.append(format_html("<strong>{}</strong>", strong))
        elif code:
            pieces.append(format_html("<code>{}</code>", code))
        else:
            pieces.append(format_html("<em>{}</em>", emphasis))
        at = found.end()
    pieces.append(format_html("{}", text[at:]))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def build_sections(document: dict[str, Any]) -> list[Section]:
    """The operations by tag, in the document's order."""
    sections: dict[str, Section] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            found = methods.get(method)
            if found is None:
                continue
            tag = found["tags"][0]
            section = sections.setdefault(tag, Section(tag, tag.lower().replace(" ", "-")))
            section.entries.append(_entry(document, path, method, found))
    return list(sections.values())


def _entry(document: dict[str, Any], path: str, method: str, found: dict[str, Any]) -> Entry:
    status = next((code for code in found["responses"] if code.startswith("2")), "")
    body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    request = _example(body)
    return Entry(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found["summary"],
        paragraphs=mark_up(found.get("description", "")),
        parameters=[
            _parameter(document, line) for line in found.get("parameters", []) if line["name"] not in COMMON
        ],
        common=[line["name"] for line in found.get("parameters", []) if line["name"] in COMMON],
        fields=_fields(document, body.get("schema", {})),
        request=request,
        answer=_in_text(_example(found["responses"][status].get("content", {}).get("application/json", {}))),
        status=status,
        errors=[
            (code, answer["description"])
            for code, answer in sorted(found["responses"].items())
            if not code.startswith("2")
        ],
        curl=_in_text(_curl(method, path, request, found.get("parameters", []))),
    )


def list_common(document: dict[str, Any]) -> list[Line]:
    """The parameters of COMMON, each once."""
    found: dict[str, Line] = {}
    for methods in document["paths"].values():
        for method in _METHODS:
            for line in methods.get(method, {}).get("parameters", []):
                if line["name"] in COMMON:
                    found.setdefault(line["name"], _parameter(document, line))
    return [found[name] for name in COMMON if name in found]


def list_meanings(sections: list[Section]) -> list[tuple[str, str]]:
    """What each status of an error means, each once."""
    return sorted({pair for section in sections for entry in section.entries for pair in entry.errors})


def _in_text(text: str) -> SafeString:
    """For between tags, where quotes need no escaping: the examples are full of them."""
    return SafeString(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _parameter(document: dict[str, Any], line: dict[str, Any]) -> Line:
    kind = _kind(document, line["schema"])
    return Line(line["name"], kind, bool(line.get("required")), line.get("description", ""), line["in"])


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[Line]:
    whole = _resolve(document, schema)
    needed = set(whole.get("required", []))
    return [
        Line(name, _kind(document, inner), name in needed, _resolve(document, inner).get("description", ""))
        for name, inner in whole.get("properties", {}).items()
    ]


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """“one of all, week”, “list of texts”, “number, 1 to 100”."""
    whole = _resolve(document, schema)
    if "enum" in whole:
        return "one of " + ", ".join(str(value) for value in whole["enum"] if value not in (None, ""))
    kind = whole.get("type", "object")
    match kind:
        case "array":
            return f"list of {_kind(document, whole.get('items', {}))}"
        case "integer":
            low, high = whole.get("minimum"), whole.get("maximum")
            return (
                f"number, {low:,} to {high:,}"
                if low is not None and high is not None and high < 10**12
                else "number"
            )
        case "string":
            form = whole.get("format", "")
            return {"date-time": "moment (ISO 8601)", "date": "day (ISO 8601)"}.get(form, "text")
    return str(kind)


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if len(schema.get("allOf", [])) == 1:
        return {**_resolve(document, schema["allOf"][0]), **{k: v for k, v in schema.items() if k != "allOf"}}
    return schema


def _example(content: dict[str, Any]) -> str:
    for example in content.get("examples", {}).values():
        return orjson.dumps(example["value"], option=orjson.OPT_INDENT_2).decode()
    return ""


def _curl(method: str, path: str, request: str, parameters: list[dict[str, Any]]) -> str:
    lines = [f"curl{'' if method == 'get' else f' -X {method.upper()}'} https://<your address>{path}"]
    lines.append('  -H "Authorization: Bearer $TOKEN"')
    names = {line["name"] for line in parameters}
    if "Idempotency-Key" in names:
        lines.append('  -H "Idempotency-Key: $(uuidgen)"')
    if "If-Match" in names:
        lines.append("  -H 'If-Match: \"…\"'")
    if request:
        compact = orjson.dumps(orjson.loads(request)).decode().replace("'", "'\\''")
        lines += ['  -H "Content-Type: application/json"', f"  -d '{compact}'"]
    return " \\\n".join(lines)
