"""Where survey tools post their responses. Without session, form or login: the signature is who it is. Answers are JSON."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from engagement.submissions.errors import InvalidSurveyError, SubmissionTypeNotFoundError
from engagement.submissions.selectors import find_type
from engagement.submissions.survey_tools import MAX_BODY, read_response
from engagement.submissions.surveys import take_response
from engagement.submissions.types import survey_secret_of
from frontend_api.site.limits import SURVEY_ADDRESS, check_address
from frontend_api.tenant import get_context
from saas.core.errors import EngageHubError


@csrf_exempt
@require_POST
def receive_survey(request: HttpRequest, key: str) -> JsonResponse:
    """201 once it is handed in, and for a response that was here before; else what is wrong with it."""
    context = get_context(request)
    try:
        check_address(request, SURVEY_ADDRESS)
        found = find_type(key=key)
        secret = "" if found is None else survey_secret_of(found)
        if not secret:
            raise SubmissionTypeNotFoundError  # of a kind that is no survey strangers learn nothing
        headers = {name.lower(): value for name, value in request.headers.items()}
        response = read_response(headers=headers, body=_body_of(request), secret=secret)
        made = take_response(type_key=key, response=response, context=context)
    except EngageHubError as error:
        told = {"code": error.code, "detail": error.message, "reference": error.reference}
        return JsonResponse(told | dict(getattr(error, "facts", {})), status=error.http_status)
    return JsonResponse({"id": made.pk, "state": made.state}, status=201)


def _body_of(request: HttpRequest) -> bytes:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced) > MAX_BODY:
        raise InvalidSurveyError(f"The body has more than {MAX_BODY // 1024} kB.")
    return bytes(request.body)
