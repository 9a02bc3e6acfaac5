"""What survey tools send, read and checked. Pure.

Our own shape is {"id": …, "member": {"id" | "discord_id" | "email": …} or "ticket": …, "answers": {key: value}}, signed as Standard
Webhooks says (webhook-id, webhook-timestamp, webhook-signature). Typeform and Tally send theirs, signed in their ways; there hidden
fields come out of the address that the respondent opened, so only a ticket in them says whose it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson

from saas.core import clock

from .errors import BadSurveySignatureError, InvalidSurveyError

MAX_BODY: Final = 256 * 1024
TOLERANCE: Final = timedelta(minutes=5)
TICKET: Final = "ticket"  # what the hidden field of a tool is called


@dataclass(frozen=True, slots=True)
class Response:
    """One completed survey. Of ticket, member_id, discord_id and email one says whose it is."""

    id: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    ticket: str = ""
    member_id: int | None = None
    discord_id: str = ""
    email: str = ""


def read_response(*, headers: Mapping[str, str], body: bytes, secret: str) -> Response:
    """The response, once its signature fits. `headers` by small names. Raises BadSurveySignatureError, InvalidSurveyError."""
    if len(body) > MAX_BODY:
        raise InvalidSurveyError(f"The body has more than {MAX_BODY // 1024} kB.", field="")
    if "typeform-signature" in headers:
        _require_digest(headers["typeform-signature"].removeprefix("sha256="), secret, body)
        return _of_typeform(_parse(body))
    if "tally-signature" in headers:
        _require_digest(headers["tally-signature"], secret, body)
        return _of_tally(_parse(body))
    _require_webhook(headers, secret, body)
    return _of_ours(_parse(body))


def sign_webhook(*, message_id: str, timestamp: int, body: bytes, secret: str) -> str:
    """The value of webhook-signature, as whoever sends makes it."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()


def _require_webhook(headers: Mapping[str, str], secret: str, body: bytes) -> None:
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSurveySignatureError(
            "The request is not signed. Send webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks describes."
        )
    if abs(clock.now().timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSurveySignatureError(
            "The request is older than five minutes, or its clock is wrong. Sign it again."
        )
    wanted = sign_webhook(message_id=message_id, timestamp=int(stamp), body=body, secret=secret)
    given = headers.get("webhook-signature", "").split(" ")[:5]
    if not any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given):
        raise BadSurveySignatureError(
            "The signature does not fit. Sign with the secret of this kind of submission."
        )


def _require_digest(given: str, secret: str, body: bytes) -> None:
    wanted = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    if not hmac.compare_digest(wanted, given.encode()):
        raise BadSurveySignatureError(
            "The signature does not fit. Give the tool the secret of this kind of submission."
        )


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidSurveyError("The body is no JSON.", field="") from error
    return _object(data, "")


def _of_ours(data: Mapping[str, Any]) -> Response:
    member = _object(data.get("member") or {}, "member")
    number = member.get("id")
    if number is not None and (type(number) is not int or not 0 < number < 2**63):
        raise InvalidSurveyError("A member's id is a whole number.", field="member.id")
    return Response(
        id=_text(data.get("id"), "id"),
        answers=_object(data.get("answers") or {}, "answers"),
        ticket=_text(data.get("ticket", ""), "ticket", longest=2000, needed=False),
        member_id=number,
        discord_id=_text(member.get("discord_id", ""), "member.discord_id", needed=False),
        email=_text(member.get("email", ""), "member.email", longest=254, needed=False),
    )


def _of_typeform(data: Mapping[str, Any]) -> Response:
    """Answers by each field's ref, which the survey's maker chooses."""
    filled = _object(data.get("form_response"), "form_response")
    titles = {
        str(one.get("id")): str(one.get("title", ""))
        for one in _objects(_object(filled.get("definition") or {}, "definition").get("fields"))
    }
    answers: dict[str, Any] = {}
    for one in _objects(filled.get("answers")):
        asked = _object(one.get("field") or {}, "field")
        value = one.get(str(one.get("type")))
        if isinstance(value, Mapping):
            value = value.get("labels") or value.get("label") or value.get("other")
        answers[str(asked.get("ref") or asked.get("id"))[:80]] = value
        answers.setdefault(titles.get(str(asked.get("id")), "")[:80], value)
    hidden = _object(filled.get("hidden") or {}, "hidden")
    return Response(_text(filled.get("token"), "token"), answers, _ticket(hidden.get(TICKET)))


def _of_tally(data: Mapping[str, Any]) -> Response:
    """Answers by each field's label."""
    filled = _object(data.get("data"), "data")
    answers: dict[str, Any] = {}
    for one in _objects(filled.get("fields")):
        names = {str(option.get("id")): option.get("text") for option in _objects(one.get("options"))}
        value = one.get("value")
        if names and isinstance(value, list):
            value = [names.get(str(chosen), chosen) for chosen in value]
        answers[str(one.get("label"))[:80]] = value
    ticket = _ticket(answers.pop(TICKET, ""))
    return Response(_text(filled.get("responseId"), "responseId"), answers, ticket)


def _ticket(value: Any) -> str:
    ticket = value if isinstance(value, str) else ""
    if not ticket or len(ticket) > 2000:
        raise InvalidSurveyError(
            f"The response names nobody. Give the survey a hidden field “{TICKET}”, and send members the address with their link's ticket.",
            field=TICKET,
        )
    return ticket


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidSurveyError(f"{at or 'The body'} is an object.", field=at)
    return value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)][:200] if isinstance(value, list) else []


def _text(value: Any, at: str, *, longest: int = 200, needed: bool = True) -> str:
    text = str(value) if type(value) in (str, int) else ""
    if (needed and not text) or len(text) > longest:
        raise InvalidSurveyError(f"{at} is a text of up to {longest} characters.", field=at)
    return text
