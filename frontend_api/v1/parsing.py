"""Bodies as they come in: JSON only, of bounded size, with nothing in it that the database could not store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final

import orjson
from rest_framework.parsers import BaseParser

from saas.core.errors import EngageHubError

MAX_BODY: Final = 1024 * 1024


class MalformedJsonError(EngageHubError):
    """The body is no JSON."""

    code = "malformed_json"
    http_status = 400


class BodyTooLargeError(EngageHubError):
    """The body has more than 1 MiB."""

    code = "body_too_large"
    http_status = 413


class StrictJSONParser(BaseParser):
    """UTF-8 without lone surrogates, no NaN, no nesting beyond reason; an empty body is an empty object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw: bytes = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise BodyTooLargeError(f"The body has more than {MAX_BODY:,} bytes. Send it in parts.")
        if not raw.strip():
            return {}
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MalformedJsonError(f"The body is no JSON: {error}.") from error
