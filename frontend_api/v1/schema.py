"""The OpenAPI document: what drf-spectacular reads off the views, and what is said once for all of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django.urls import include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from .access import EVERYBODY, OPERATIONS

DESCRIPTION: Final = """\
Everything that the pages do, for programs. The address is your community's own; what you see and may do there is what the \
person or the key may do on the pages.

**Who asks.** `Authorization: Bearer …` with an API key (made in the dashboard under *API keys*, with the scopes that it needs) or with \
a person's access token (*Signing in*). Leaderboards are open to everybody.

**Lists** answer `{"items": […], "next_cursor": …}`. Send `next_cursor` as `cursor` for the next page; 20 items a page, up to 100 by \
`limit`. What comes or goes meanwhile shifts nothing.

**Errors** are RFC 9457 problems: `type` and `code` name the kind and never change, `detail` says what to do, `errors` names fields.

**Sending again.** Give each POST an `Idempotency-Key` of its own (a UUID) and send it again as often as you need within 24 hours: it \
takes effect once, and the first answer comes back with `Idempotency-Replayed: true`.

**Changing.** What can be changed has an `ETag`. Send it as `If-Match` with the change; when somebody else was faster you get a 412 with \
what stands there now.

**How often.** `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds until full) come with every answer; a 429 says `Retry-After`.
"""
_HEADERS: Final = {
    "RateLimit-Limit": ("integer", "Requests that you may send at once."),
    "RateLimit-Remaining": ("integer", "How many of them are left now."),
    "RateLimit-Reset": ("integer", "Seconds until all of them are back."),
    "RateLimit-Policy": ("string", "The limit, and the seconds in which it fills."),
    "X-Request-ID": ("string", "Yours when you sent one, else ours; quote it to us."),
}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes sending again safe: the same key within 24 hours takes effect once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "example": "5f1c2f0e-8a51-4a53-9d0e-0d6f6f6a7c11",
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what you read; `*` overwrites whatever is there.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "example": "*",
}


class Schema(AutoSchema):
    """Names come from @operation."""

    def get_filter_backends(self) -> list[Any]:
        return []

    def get_auth(self) -> list[dict[str, list[str]]]:
        handler = getattr(self.view, self.method.lower(), None)
        declared = getattr(handler, "operation", None)
        if declared is None:
            return []
        access = OPERATIONS[declared.id]
        ways: list[dict[str, list[str]]] = []
        if access.scope:
            ways.append({"apiKey": []})
        if access.action != EVERYBODY:
            ways.append({"accessToken": []})
        if declared.id in OPERATIONS and _is_open(access.action):
            ways.append({})
        return ways


class CallerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "frontend_api.v1.authentication.CallerAuthentication"
    name = ["apiKey", "accessToken"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return list(SCHEMES.values())


SCHEMES: Final[dict[str, dict[str, Any]]] = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ehk_live_…",
        "description": "An API key of the community. Each operation names the scope that it needs.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A person's access token, from `sign_in`. Good for ten minutes.",
    },
}


def _is_open(action: str) -> bool:
    from .access import PUBLIC

    return action in PUBLIC


def finish(result: dict[str, Any], **given: Any) -> dict[str, Any]:
    """drf-spectacular's hook: headers of every answer, scopes, and what every request may carry."""
    result["info"]["description"] = DESCRIPTION
    result.setdefault("components", {})["securitySchemes"] = SCHEMES
    result["components"]["headers"] = {
        name: {"description": words, "schema": {"type": kind}} for name, (kind, words) in _HEADERS.items()
    }
    for methods in result["paths"].values():
        for method, found in methods.items():
            _finish(method, found)
    return result


def _finish(method: str, found: dict[str, Any]) -> None:
    access = OPERATIONS[found["operationId"]]
    found["x-action"] = access.action
    if access.scope:
        found["x-scope"] = access.scope
    parameters = found.setdefault("parameters", [])
    if method == "post" and "409" in found["responses"]:
        parameters.append(_IDEMPOTENCY)
    if "428" in found["responses"]:
        parameters.append(_IF_MATCH)
    for answer in found["responses"].values():
        answer.setdefault("headers", {}).update(
            {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
        )


@lru_cache(maxsize=1)
def get_document() -> dict[str, Any]:
    """The whole document, made once a process."""
    from .urls import OPERATIONS as PATTERNS

    patterns = [path("api/v1/", include(PATTERNS))]
    generator: Any = SchemaGenerator(patterns=patterns, api_version="v1")  # type: ignore[no-untyped-call]
    return dict(generator.get_schema(request=None, public=True))
