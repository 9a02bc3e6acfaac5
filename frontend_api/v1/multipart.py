"""One file as multipart/form-data, in the part named `file`: what programs and browsers send alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import IO, Any, Final

from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from engagement.files.models import FileUse
from engagement.files.services import RULES
from saas.core.errors import EngageHubError

from .frame import ApiView

PART: Final = "file"
_AROUND: Final = 64 * 1024  # boundaries and headers of the parts
MEGABYTE: Final = 1024 * 1024


class MalformedMultipartError(EngageHubError):
    """The body is no multipart/form-data with one file in a part named `file`."""

    code = "malformed_multipart"
    http_status = 400


class UploadTooLargeError(EngageHubError):
    """The file has more bytes than are taken here."""

    code = "upload_too_large"
    http_status = 413


class FilePart(BaseParser):
    """Keeps the file with the view; what the body parses to says which file it was, for the Idempotency-Key."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        assert parser_context is not None
        view, request = parser_context["view"], parser_context["request"]
        _refuse_large(int(request.META.get("CONTENT_LENGTH") or 0) - _AROUND, view.use)
        meta = {**request.META, "CONTENT_TYPE": media_type}
        files = _parse(request, meta, stream)
        try:
            sent = files.getlist(PART)
            if len(sent) != 1 or len(files) != 1:
                raise _no_upload()
            _refuse_large(sent[0].size or 0, view.use)
            view.uploaded, view.uploaded_name = sent[0].read(), sent[0].name or PART
        finally:
            for one in files.values():
                one.close()
        return {"sha256": hashlib.sha256(view.uploaded).hexdigest(), "name": view.uploaded_name}


class UploadView(ApiView):
    """A view whose PUT takes one file of `use`. `read_upload` before the bytes are asked for."""

    parser_classes = (FilePart,)
    use: FileUse
    uploaded = b""
    uploaded_name = ""

    def read_upload(self, request: Request) -> tuple[str, bytes]:
        """(name, bytes). Raises MalformedMultipartError, UploadTooLargeError, DRF's UnsupportedMediaType."""
        _ = request.data
        if not self.uploaded_name:  # a request without a body has no type either
            raise _no_upload()
        return self.uploaded_name, self.uploaded


def _parse(request: Any, meta: dict[str, Any], stream: Any) -> Any:
    """The parts with a file name. Raises MalformedMultipartError."""
    try:
        return MultiPartParser(meta, stream, request.upload_handlers, "utf-8").parse()[1]
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise MalformedMultipartError(f"The body can't be read as multipart/form-data: {error}.") from error


def _no_upload() -> MalformedMultipartError:
    return MalformedMultipartError(f"Send one file, in a part named “{PART}” that has a file name.")


def _refuse_large(size: int, use: FileUse) -> None:
    most = RULES[use].most
    if size > most:
        raise UploadTooLargeError(
            f"The file has {size / MEGABYTE:,.1f} MB; {most // MEGABYTE} MB are the most. Make it smaller."
        )


__all__ = ["FilePart", "MalformedMultipartError", "UploadTooLargeError", "UploadView"]
