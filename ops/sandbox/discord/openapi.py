"""Holds the bot's calls against Discord's OpenAPI document: route, query and body, unknown keys included.

Invariant: a schema is compiled once, into nested functions that return a list of problems; an empty list is a pass.
Where the document and Discord's written documentation differ, the documentation wins (`_DOCUMENTED`, `_BITFIELDS`,
snowflakes as numbers); what discord.py itself always sends and Discord takes is let through by name (`_LIBRARY`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

Check = Callable[[Any, str], list[str]]

# Keys that Discord's documentation names and its preview document leaves out, by the schema's reference name.
_DOCUMENTED: dict[str, frozenset[str]] = {
    "ApplicationCommandUpdateRequest": frozenset({"nsfw", "dm_permission"}),
    "ApplicationCommandCreateRequest": frozenset({"nsfw", "dm_permission"}),
    "RichEmbed": frozenset({"flags"}),
}
# discord.py 2.7.1 sends `tts` with every edit and a ban's seconds in the query; our code can change neither.
_LIBRARY: dict[str, frozenset[str]] = {
    "MessageEditRequestPartial": frozenset({"tts"}),
    "IncomingWebhookUpdateRequestPartial": frozenset({"tts"}),
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": frozenset({"tts"}),
}
# Discord names the command in `interaction_metadata`, and repeats `required` in text inputs; the document has neither.
_UNDOCUMENTED = ("the key name is unknown", "the key command_type is unknown", "the key required is unknown")
_LIBRARY_CALLS = frozenset({("PUT", "/guilds/{guild_id}/bans/{user_id}")})
# Sets of permissions are numbers in the document and strings in the documentation.
_BITFIELDS = frozenset({"permissions", "allow", "deny", "default_member_permissions"})
_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_SNOWFLAKE = re.compile(r"^(0|[1-9][0-9]{0,19})$")


class Document:
    """One OpenAPI document."""

    def __init__(self, text: bytes) -> None:
        self._document = orjson.loads(text)
        self._compiled: dict[str, Check] = {}
        self._routes = [(_pattern(path), path) for path in self._document["paths"]]
        self._routes.sort(key=lambda row: row[1].count("{"))

    def check(self, method: str, path: str, body: Any, query: dict[str, str]) -> list[str]:
        """The problems of one call. `path` is without the API's prefix; `body` is parsed, None without one."""
        found = self._find(path)
        if found is None:
            return ["The document knows no such path."]
        operation = self._document["paths"][found].get(method.lower())
        if operation is None:
            return [f"The document knows no {method} of {found}."]
        if (method, found) in _LIBRARY_CALLS and body is None:
            return []
        return self._check_query(found, operation, query) + self._check_body(found, method, operation, body)

    def _find(self, path: str) -> str | None:
        return next((template for pattern, template in self._routes if pattern.match(path)), None)

    def _check_query(self, path: str, operation: dict[str, Any], query: dict[str, str]) -> list[str]:
        rows = [*self._document["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        known = {row["name"]: row for row in rows if row["in"] == "query"}
        problems = [f"query: {name} is not a parameter of this route" for name in query if name not in known]
        problems += [
            f"query: {name} is missing"
            for name, row in known.items()
            if row.get("required") and name not in query
        ]
        return problems

    def _check_body(self, path: str, method: str, operation: dict[str, Any], body: Any) -> list[str]:
        request = operation.get("requestBody")
        if request is None:
            return [] if body in (None, {}) else ["body: this route takes none"]
        if body is None:
            return ["body: missing"] if request.get("required") else []
        schema = request["content"].get("application/json", {}).get("schema")
        if schema is None:
            return []
        key = f"{method} {path}"
        check = self._compiled.get(key)
        if check is None:
            check = self._compiled[key] = self.compile(schema)
        return check(body, "body")

    def check_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """The problems of an answer of the local Discord itself. Keys that Discord sends undocumented are let through."""
        found = self._find(path)
        operation = self._document["paths"].get(found, {}).get(method.lower(), {})
        content = operation.get("responses", {}).get(str(status), {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return []
        key = f"{status} {method} {found}"
        check = self._compiled.get(key)
        if check is None:
            check = self._compiled[key] = self.compile(schema)
        return [problem for problem in check(body, "answer") if not problem.endswith(_UNDOCUMENTED)]

    # --- compiling ---

    def compile(self, schema: dict[str, Any]) -> Check:
        """A function that lists the problems of a value under a schema."""
        reference = schema.get("$ref")
        if reference is not None:
            return self._compile_reference(reference)
        if "allOf" in schema:
            return self._compile_all(schema)
        for union in ("oneOf", "anyOf"):
            if union in schema and not _is_enumeration(schema[union]):
                return self._compile_union(schema[union])
        if schema.get("format") == "snowflake":
            return _snowflake
        checks = [*_value_checks(schema)]
        if "properties" in schema or "additionalProperties" in schema or schema.get("type") == "object":
            checks.append(self._compile_object(schema, frozenset()))
        if "items" in schema or "maxItems" in schema:
            checks.append(self._compile_array(schema))
        return _all(_type_check(schema), checks)

    def _compile_reference(self, reference: str) -> Check:
        """References may be recursive, so they are looked up when they are first used."""

        def check(value: Any, path: str) -> list[str]:
            compiled = self._compiled.get(reference)
            if compiled is None:
                compiled = self._compiled[reference] = self.compile(self._named(reference))
            return compiled(value, path)

        return check

    def _named(self, reference: str) -> dict[str, Any]:
        node: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        schema: dict[str, Any] = dict(node)
        name = reference.rsplit("/", 1)[-1]
        extra = _DOCUMENTED.get(name, frozenset()) | _LIBRARY.get(name, frozenset())
        if extra and "properties" in schema:
            schema["properties"] = schema["properties"] | {name: {} for name in extra}
        return schema

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        return self._named(schema["$ref"]) if "$ref" in schema else schema

    def _compile_all(self, schema: dict[str, Any]) -> Check:
        """All parts and what stands beside them; a key is known when any part knows it."""
        own = {key: value for key, value in schema.items() if key != "allOf"}
        beside = _all(_type_check(own), _value_checks(own))
        parts = [self._resolve(part) for part in schema["allOf"]]
        if len(parts) == 1:
            return _all(None, [beside, self.compile(schema["allOf"][0])])
        known = frozenset(name for part in parts for name in part.get("properties", {}))
        checks = [
            _all(_type_check(part), [*_value_checks(part), self._compile_object(part, known)])
            if "properties" in part
            else self.compile(part)
            for part in parts
        ]
        return _all(None, [beside, *checks])

    def _compile_union(self, options: list[dict[str, Any]]) -> Check:
        checks = [self.compile(option) for option in options]

        def check(value: Any, path: str) -> list[str]:
            best: list[str] | None = None
            for option in checks:
                problems = option(value, path)
                if not problems:
                    return []
                if best is None or _distance(problems) < _distance(best):
                    best = problems
            return best or []

        return check

    def _compile_object(self, schema: dict[str, Any], also_known: frozenset[str]) -> Check:
        properties = {name: self.compile(part) for name, part in schema.get("properties", {}).items()}
        required = schema.get("required", [])
        additional = schema.get("additionalProperties")
        others = self.compile(additional) if isinstance(additional, dict) else None
        is_open = additional is True or not properties

        def check(value: Any, path: str) -> list[str]:
            if not isinstance(value, dict):
                return []
            problems = [f"{path}: {name} is missing" for name in required if name not in value]
            for name, item in value.items():
                part = properties.get(name, others)
                if name in _BITFIELDS and isinstance(item, str) and item.isdigit():
                    continue
                if part is not None:
                    problems += part(item, f"{path}.{name}")
                elif not is_open and name not in also_known:
                    problems.append(f"{path}: the key {name} is unknown")
            return problems

        return check

    def _compile_array(self, schema: dict[str, Any]) -> Check:
        item = self.compile(schema["items"]) if "items" in schema else None
        least, most = schema.get("minItems", 0), schema.get("maxItems")

        def check(value: Any, path: str) -> list[str]:
            if not isinstance(value, list):
                return []
            if len(value) < least or (most is not None and len(value) > most):
                return [f"{path}: holds {len(value)} items, allowed are {least} to {most}"]
            if item is None:
                return []
            return [
                problem for number, part in enumerate(value) for problem in item(part, f"{path}.{number}")
            ]

        return check


def _pattern(path: str) -> re.Pattern[str]:
    parts = [
        r"(\d{1,20}|@me)" if part.endswith("_id}") else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in path.strip("/").split("/")
    ]
    return re.compile("^/" + "/".join(parts) + "$")


def _is_enumeration(options: list[dict[str, Any]]) -> bool:
    return all("const" in option for option in options)


def _type_check(schema: dict[str, Any]) -> Check | None:
    declared = schema.get("type")
    if declared is None:
        return None
    names = declared if isinstance(declared, list) else [declared]
    tests = [_TYPES[name] for name in names]

    def check(value: Any, path: str) -> list[str]:
        if any(test(value) for test in tests):
            return []
        return [f"{path}: is {type(value).__name__}, must be {' or '.join(names)}"]

    return check


def _all(first: Check | None, checks: list[Check]) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if first is not None:
            problems = first(value, path)
            if problems:
                return problems
        return [problem for one in checks for problem in one(value, path)]

    return check


def _value_checks(schema: dict[str, Any]) -> list[Check]:
    checks: list[Check] = []
    allowed = [
        option["const"] for option in schema.get("oneOf", schema.get("anyOf", [])) if "const" in option
    ]
    allowed = allowed or schema.get("enum", []) or ([schema["const"]] if "const" in schema else [])
    nullable = "null" in (schema.get("type") or [])
    if allowed:
        checks.append(_one_of([*allowed, None] if nullable else allowed))
    if {"minLength", "maxLength", "pattern"} & schema.keys():
        checks.append(_text(schema))
    if {"minimum", "maximum"} & schema.keys():
        checks.append(_range(schema.get("minimum"), schema.get("maximum")))
    return checks


def _one_of(allowed: list[Any]) -> Check:
    def check(value: Any, path: str) -> list[str]:
        return [] if value in allowed else [f"{path}: {value!r:.40} is none of {allowed!r:.120}"]

    return check


def _text(schema: dict[str, Any]) -> Check:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    pattern = re.compile(schema["pattern"]) if "pattern" in schema else None

    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, str):
            return []
        if len(value) < least or (most is not None and len(value) > most):
            return [f"{path}: has {len(value)} characters, allowed are {least} to {most}"]
        if pattern is not None and not pattern.search(value):
            return [f"{path}: {value!r:.40} does not match {pattern.pattern}"]
        return []

    return check


def _range(least: float | None, most: float | None) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return []
        if (least is not None and value < least) or (most is not None and value > most):
            return [f"{path}: {value} is outside {least} to {most}"]
        return []

    return check


def _snowflake(value: Any, path: str) -> list[str]:
    """Digits, or the number that Discord takes as well."""
    if (isinstance(value, str) and _SNOWFLAKE.match(value)) or (type(value) is int and value >= 0):
        return []
    return [f"{path}: {value!r:.40} is no snowflake"]


def _distance(problems: list[str]) -> int:
    """How far a value is from an option: a wrong discriminator or type counts more than a wrong key."""
    return sum(10 if "is none of" in problem or "must be" in problem else 1 for problem in problems)


@lru_cache(maxsize=4)
def load_document(path: Path) -> Document:
    """Read a document once per process: it is a megabyte, and every test starts a server."""
    return Document(path.read_bytes())
