"""Surveys: a link that is one member's and counts once, a tool that signs; points for each, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import orjson
import pytest

from engagement.members.models import Identity
from engagement.submissions.errors import (
    BadSurveySignatureError,
    InvalidAnswersError,
    InvalidSubmissionTypeError,
    InvalidSurveyError,
    SubmissionTypeNotFoundError,
    SurveyClosedError,
)
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.survey_tools import MAX_BODY, Response, read_response, sign_webhook
from engagement.submissions.surveys import fill_survey, make_survey_link, open_survey, take_response
from engagement.submissions.types import change_type, close_survey, renew_survey_secret
from saas.core import clock
from saas.core.crypto import BadSignatureError
from tenants.context import TenantContext, enter_tenant

from .forms import BEA, FIELDS, RUBRIC, give, lifetime, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")
SECRET = "s" * 43


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


@pytest.fixture
def survey(acme: TenantContext) -> SubmissionType:
    of = make_type(acme, automatic=True)
    renew_survey_secret(type_id=of.pk, actor=BEA)
    of.refresh_from_db()
    return of


def link(context: TenantContext, of: SubmissionType, member: Any, **more: Any) -> str:
    return make_survey_link(context=context, type_id=of.pk, member_id=member.pk, actor=BEA, **more).ticket


def test_a_link_is_filled_in_once_and_gives_its_points_at_once(
    acme: TenantContext, survey: SubmissionType
) -> None:
    member = make_member(acme)
    ticket = link(acme, survey, member)
    assert open_survey(ticket=ticket, context=acme).done is None

    made = fill_survey(ticket=ticket, answers={"what": "Fine"}, context=acme)

    assert (made.state, made.via, made.decided_by) == ("approved", "survey", "EngageHub")
    assert fill_survey(ticket=ticket, answers={"what": "Fine"}, context=acme).pk == made.pk
    for again in (ticket, link(acme, survey, member)):
        with pytest.raises(SurveyClosedError):
            fill_survey(ticket=again, answers={"what": "Better"}, context=acme)
    assert open_survey(ticket=ticket, context=acme).done is not None
    assert lifetime(member) == 50


def test_a_link_may_count_once_a_period(acme: TenantContext, survey: SubmissionType) -> None:
    member = make_member(acme)
    ticket = link(acme, survey, member, use="week")
    fill_survey(ticket=ticket, answers={"what": "One"}, context=acme)
    with pytest.raises(SurveyClosedError):
        fill_survey(ticket=ticket, answers={"what": "Two"}, context=acme)

    with clock.frozen_at(clock.now() + timedelta(days=7)):
        fill_survey(ticket=ticket, answers={"what": "Two"}, context=acme)

    assert lifetime(member) == 100


def test_a_link_ends_by_time_by_a_new_secret_and_with_its_survey(
    acme: TenantContext, globex: TenantContext, survey: SubmissionType
) -> None:
    member = make_member(acme)
    ticket = link(acme, survey, member, lasts=timedelta(hours=1))
    with clock.frozen_at(clock.now() + timedelta(hours=2)), pytest.raises(SurveyClosedError):
        open_survey(ticket=ticket, context=acme)
    for wrong in (ticket[:-2], ticket + "x", "", "x" * 5000):
        with pytest.raises(BadSignatureError):
            open_survey(ticket=wrong, context=acme)
    with enter_tenant(globex), pytest.raises(BadSignatureError):
        open_survey(ticket=ticket, context=globex)
    renew_survey_secret(type_id=survey.pk, actor=BEA)
    with pytest.raises(SurveyClosedError):
        fill_survey(ticket=ticket, answers={"what": "x"}, context=acme)
    fresh = link(acme, survey, member)
    close_survey(type_id=survey.pk, actor=BEA)
    with pytest.raises(SurveyClosedError):
        open_survey(ticket=fresh, context=acme)
    with pytest.raises(SurveyClosedError):
        link(acme, survey, member)


def test_a_link_that_makes_no_sense_is_refused(acme: TenantContext, survey: SubmissionType) -> None:
    member = make_member(acme)
    for wrong in ({"use": "year"}, {"lasts": timedelta(0)}, {"lasts": timedelta(days=400)}):
        with pytest.raises(InvalidSurveyError):
            link(acme, survey, member, **wrong)
    with pytest.raises(InvalidAnswersError):
        fill_survey(ticket=link(acme, survey, member), answers={}, context=acme)
    assert Submission.objects.count() == 0


def test_what_resembles_an_earlier_one_is_left_to_reviewers(acme: TenantContext) -> None:
    of, member = make_type(acme, automatic=True, unique_links=False), make_member(acme)

    first = give(acme, of, member, {"what": "A", "link": "https://example.com/x"})
    second = give(acme, of, member, {"what": "B", "link": "https://example.com/x"})

    assert (first.state, second.state) == ("approved", "pending")
    with pytest.raises(InvalidSubmissionTypeError) as refused:
        change_type(
            context=acme,
            type_id=of.pk,
            values={"rubric": RUBRIC, "award": {"kind": "rubric", "points": 9}},
            actor=BEA,
        )
    assert refused.value.field == "automatic"


def ours(body: dict[str, Any] | bytes, *, age: int = 0, secret: str = SECRET) -> Response:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    stamp = int(clock.now().timestamp()) - age
    signature = sign_webhook(message_id="m1", timestamp=stamp, body=raw, secret=SECRET)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,AAAA {signature}",
    }
    return read_response(headers=headers, body=raw, secret=secret)


def test_a_signed_response_names_its_member(acme: TenantContext, survey: SubmissionType) -> None:
    member = make_member(acme)
    Identity.objects.create(provider="discord", external_id="4711", member=member)
    member.email = "ann@example.com"
    member.save()

    for number, who in enumerate(({"id": member.pk}, {"discord_id": "4711"}, {"email": "ANN@example.com"})):
        response = ours(
            {"id": f"r{number}", "member": who, "answers": {"What was it": f"n{number}", "extra": 1}}
        )
        made = take_response(type_key=survey.key, response=response, context=acme)
        assert (made.member_id, made.answers) == (member.pk, {"what": f"n{number}"})
        assert take_response(type_key=survey.key, response=response, context=acme).pk == made.pk

    assert lifetime(member) == 150
    for who in ({"id": 10**15}, {"discord_id": "1"}, {"email": "nobody@example.com"}, {}):
        with pytest.raises(InvalidSurveyError):
            take_response(type_key=survey.key, response=ours({"id": "x", "member": who}), context=acme)
    with pytest.raises(SubmissionTypeNotFoundError):
        take_response(type_key="nothing", response=ours({"id": "x"}), context=acme)
    with pytest.raises(SurveyClosedError):
        take_response(type_key=make_type(acme).key, response=ours({"id": "x"}), context=acme)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"id": ""}',
        b'{"id": {}}',
        b'{"id": "a", "member": 3}',
        b'{"id": "a", "answers": []  , "member": {"id": "3"}}',
    ],
)
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSurveyError):
        ours(body)


def test_a_signature_must_fit_and_be_fresh() -> None:
    with pytest.raises(BadSurveySignatureError):
        ours({"id": "a"}, age=600)
    with pytest.raises(BadSurveySignatureError):
        ours({"id": "a"}, secret="other")
    for headers in (
        {},
        {"webhook-timestamp": "soon"},
        {"typeform-signature": "sha256=x"},
        {"tally-signature": "é"},
    ):
        with pytest.raises(BadSurveySignatureError):
            read_response(headers=headers, body=b"{}", secret=SECRET)
    with pytest.raises(InvalidSurveyError):
        read_response(headers={}, body=b"x" * (MAX_BODY + 1), secret=SECRET)


def signed(body: dict[str, Any]) -> tuple[bytes, str]:
    raw = orjson.dumps(body)
    return raw, base64.b64encode(hmac.digest(SECRET.encode(), raw, hashlib.sha256)).decode()


def test_typeform_and_tally_are_understood_and_bound_to_the_tickets_member(
    acme: TenantContext, survey: SubmissionType
) -> None:
    fields = [
        *FIELDS[:1],
        {"key": "mood", "label": "Mood", "kind": "choice", "choices": ["Good", "Bad"]},
        {"key": "count", "label": "How many", "kind": "number"},
        {"key": "day", "label": "When", "kind": "date"},
    ]
    change_type(context=acme, type_id=survey.pk, values={"fields": fields}, actor=BEA)
    ann, ben = make_member(acme), make_member(acme)
    typeform, digest = signed(
        {
            "event_type": "form_response",
            "form_response": {
                "token": "tok1",
                "hidden": {"ticket": link(acme, survey, ann), "member": "1"},
                "definition": {"fields": [{"id": "q9", "title": "When"}]},
                "answers": [
                    {
                        "type": "text",
                        "text": "Fine",
                        "field": {"id": "q1", "ref": "what", "type": "short_text"},
                    },
                    {"type": "choice", "choice": {"label": "Good"}, "field": {"id": "q2", "ref": "mood"}},
                    {"type": "number", "number": 4, "field": {"id": "q3", "ref": "count"}},
                    {"type": "date", "date": "2026-05-01T00:00:00Z", "field": {"id": "q9", "ref": "abc-def"}},
                ],
            },
        }
    )
    tally, other = signed(
        {
            "eventType": "FORM_RESPONSE",
            "data": {
                "responseId": "res1",
                "fields": [
                    {
                        "key": "q_1",
                        "label": "ticket",
                        "type": "HIDDEN_FIELDS",
                        "value": link(acme, survey, ben),
                    },
                    {"key": "q_2", "label": "What was it", "type": "INPUT_TEXT", "value": "Good"},
                    {
                        "key": "q_3",
                        "label": "mood",
                        "value": ["o2"],
                        "options": [{"id": "o2", "text": "Bad"}],
                    },
                    {"key": "q_4", "label": "How many", "value": 7},
                    {"key": "q_5", "label": "When", "value": "2026-05-02"},
                ],
            },
        }
    )

    first = read_response(headers={"typeform-signature": f"sha256={digest}"}, body=typeform, secret=SECRET)
    second = read_response(headers={"tally-signature": other}, body=tally, secret=SECRET)

    made = [take_response(type_key=survey.key, response=one, context=acme) for one in (first, second)]
    assert [one.member_id for one in made] == [ann.pk, ben.pk]
    assert made[0].answers == {"what": "Fine", "mood": "Good", "count": 4, "day": "2026-05-01"}
    assert made[1].answers == {"what": "Good", "mood": "Bad", "count": 7, "day": "2026-05-02"}
    unnamed, digest = signed({"form_response": {"token": "t", "hidden": {"member": "1"}, "answers": []}})
    with pytest.raises(InvalidSurveyError):
        read_response(headers={"typeform-signature": f"sha256={digest}"}, body=unnamed, secret=SECRET)
