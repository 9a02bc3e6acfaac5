"""What every request of the API goes through, in this order:

who asks (authentication) → how often (limits) → may they (access) → what they say (serializers) → the view
→ one answer per Idempotency-Key → headers: RateLimit-*, X-Request-ID, ETag
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

import orjson
import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from engagement.audit.actor import Actor, cut_address
from engagement.audit.denials import record_refusal
from frontend_api.tenant import find_context, get_context
from saas.core.errors import EngageHubError, NotAllowedError, NotSignedInError
from saas.core.ids import new_ulid
from tenants.context import TenantContext
from tenants.errors import KeyFrozenError
from tenants.idempotency import Answer, answer_once

from . import limits
from .access import OPERATIONS, Access
from .callers import NOBODY, Caller
from .named import is_named
from .operations import Operation
from .paging import Page

_REQUEST_ID: Final = re.compile(r"[\w.:@=+-]{1,100}", re.ASCII)
IDEMPOTENCY: Final = "Idempotency-Key"
_KEPT_HEADERS: Final = ("Location", "ETag")


class StaleError(EngageHubError):
    """It was changed since you read it. `current` is what it is now, `changed` names what differs from your version."""

    code = "changed_meanwhile"
    http_status = 412

    def __init__(self, message: str, *, current: Any = None) -> None:
        super().__init__(message)
        self.facts = {} if current is None else {"current": current}


class VersionNeededError(EngageHubError):
    """A change needs If-Match with the ETag of what you read, so that nobody's change is lost. `*` overwrites knowingly."""

    code = "if_match_needed"
    http_status = 428


class ApiView(APIView):
    """Base of every endpoint. A subclass' methods are declared by @operation."""

    versioning_class = None
    only_on_tenants: ClassVar[bool] = True

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    @property
    def context(self) -> TenantContext:
        """The community whose host was called. Raises Http404 on our own host."""
        return get_context(self.request._request)

    @property
    def actor(self) -> Actor:
        """The caller as the audit log remembers them."""
        caller = self.caller
        return Actor(
            kind="anonymous" if caller.kind == "nobody" else caller.kind,
            id=caller.id if caller.kind != "member" else caller.member_id or 0,
            name=caller.name,
            role="" if caller.kind == "key" else caller.role.title,
            via="rest",
            address=cut_address(self.request.META.get("REMOTE_ADDR") or ""),
            request_id=self.request._request.api_request_id[:64],  # type: ignore[attr-defined]
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        django_request = request._request
        try:
            caller = cast(Caller, request.auth)
        except (NotSignedInError, KeyFrozenError):
            self._count(django_request, NOBODY)  # so that guessing has its bound as well
            raise
        self._count(django_request, caller)
        if self.only_on_tenants:
            get_context(django_request)
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        declared = self._declared(request)
        if declared is not None:
            self._require(OPERATIONS[declared.id])

    def _require(self, access: Access) -> None:
        """Raises what Caller.require raises; what somebody known may not do is noted in the audit log."""
        try:
            self.caller.require(access)
            context = find_context(self.request._request)
            if context is not None:
                self.caller.require_open(context, access)
        except NotAllowedError:
            if access.named and self._is_named(access):
                return
            if find_context(self.request._request) is not None:
                place = f"{self.request.method} {self.request.path}"[:200]
                record_refusal(actor=self.actor, permission=access.action, place=place)
            raise

    def _is_named(self, access: Access) -> bool:
        """Whether a kind of this community names the caller, who may not by role. Asked of nobody else, because it costs queries."""
        return (
            self.caller.kind in ("user", "member")
            and find_context(self.request._request) is not None
            and is_named(self.caller, self.actor, access)
        )

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What the address knows. Nothing is asked of who asks."""
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    def _declared(self, request: Request) -> Operation | None:
        method = str(request.method).lower()
        handler = getattr(self, "get" if method == "head" else method, None)
        return cast("Operation | None", getattr(handler, "operation", None))

    def _count(self, request: HttpRequest, caller: Caller) -> None:
        context = find_context(request)
        usage = limits.take(
            tenant="public" if context is None else context.schema,
            caller=caller,
            address=request.META.get("REMOTE_ADDR") or "unknown",
            context=context,
        )
        request.rate_usage = usage  # type: ignore[attr-defined]
        if usage is not None and not usage.allowed:
            raise limits.refuse(usage)

    # --- what the request says ---

    def read_query(self) -> dict[str, Any]:
        """The checked query. Raises ValidationError."""
        declared = self._declared(self.request)
        assert declared is not None
        assert declared.query is not None
        return self._checked(declared.query, self.request.query_params)

    def read_body(self) -> dict[str, Any]:
        """The checked body. Raises ValidationError."""
        declared = self._declared(self.request)
        assert declared is not None
        assert declared.body is not None
        return self._checked(declared.body, self.request.data)

    def _checked(self, kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
        serializer = kind(data=data, context={"view": self})
        serializer.is_valid(raise_exception=True)
        return cast("dict[str, Any]", serializer.validated_data)

    # --- versions of what can be changed ---

    def require_version(self, etag: str) -> None:
        """The change is meant for what stands there now. Raises VersionNeededError, StaleError."""
        sent = self.request.headers.get("If-Match", "").strip()
        if not sent:
            raise VersionNeededError(
                "Send If-Match with the ETag that you got when you read it; `If-Match: *` overwrites whatever is there."
            )
        if sent != "*" and etag not in {tag.strip() for tag in sent.split(",")}:
            raise StaleError(
                "Somebody changed this since you read it. Look at `current`, then send your change with its ETag.",
                current=self.describe_current(),
            )

    def describe_current(self) -> Any:
        """What stands there now, for a caller whose version is old."""
        return None

    def answer_versioned(self, data: Mapping[str, Any], etag: str) -> Response:
        """The data with its ETag; 304 without a body for a reader who has it already."""
        seen = {
            tag.strip().removeprefix("W/") for tag in self.request.headers.get("If-None-Match", "").split(",")
        }
        if self.request.method in {"GET", "HEAD"} and (etag in seen or "*" in seen):
            return Response(status=304, headers={"ETag": etag})
        return Response(data, headers={"ETag": etag})

    # --- answers ---

    def answer_page(self, page: Page[Any], kind: type[serializers.Serializer[Any]]) -> Response:
        """A page, with the next one's address in the Link header too."""
        headers = {}
        if page.next_cursor is not None:
            query = self.request.query_params.copy()
            query["cursor"] = page.next_cursor
            address = f"{self.request.path}?{query.urlencode()}"
            headers["Link"] = f'<{self.request.build_absolute_uri(address)}>; rel="next"'
        items = kind(page.items, many=True, context={"view": self}).data
        return Response({"items": items, "next_cursor": page.next_cursor}, headers=headers)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sent = request.headers.get("X-Request-ID", "")
        request.api_request_id = sent if _REQUEST_ID.fullmatch(sent) else new_ulid()  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request.api_request_id)  # type: ignore[attr-defined]
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        made = super().finalize_response(request, response, *args, **kwargs)
        usage = getattr(request._request, "rate_usage", None)
        if usage is not None:
            for name, value in usage.headers.items():
                made.headers[name] = value
        made.headers["X-Request-ID"] = request._request.api_request_id  # type: ignore[attr-defined]
        made.headers.setdefault("Cache-Control", "private, no-cache")
        made.headers["Vary"] = "Authorization, Cookie, Accept"
        return made


def once(view: ApiView, work: Any) -> Response:
    """`work()`'s answer, or the one that the same Idempotency-Key got before. Without a key the work is simply done."""
    request: Request = view.request
    key = request.headers.get(IDEMPOTENCY)
    if key is None:
        return cast(Response, work())
    context = find_context(request._request)
    made: list[Response] = []

    def run() -> Answer:
        response: Response = work()
        made.append(response)
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        return Answer(response.status_code, orjson.dumps(response.data).decode(), headers)

    answer, repeated = answer_once(
        tenant_id=0 if context is None else context.tenant_id,
        caller=view.caller.label,
        key=key,
        fingerprint=_fingerprint(request),
        work=run,
    )
    if not repeated:
        return made[0]
    headers = {**answer.headers, "Idempotency-Replayed": "true"}
    return Response(orjson.loads(answer.body), status=answer.status, headers=headers)


def _fingerprint(request: Request) -> str:
    """Of what was asked: method, address and the body's meaning, whatever its spaces."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


__all__ = ["ApiView", "StaleError", "VersionNeededError", "once"]
