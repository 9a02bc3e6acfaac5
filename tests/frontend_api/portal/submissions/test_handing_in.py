"""A member's pages: what can be handed in, the form of a kind with drafts and files, one's own, surveys; without any script."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from engagement.audit.actor import SYSTEM, Actor
from engagement.files.models import StoredFile
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.reviewing import ask_for_info, reject_submission
from engagement.submissions.surveys import make_survey_link
from engagement.submissions.types import renew_survey_secret
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.handing_in import FIELDS, hand, make_kind

BEA = Actor("user", 700_001, "Bea", role="moderator", via="web")
PROOF = {"key": "proof", "label": "Proof", "kind": "picture", "most": 2, "required": False}
PAPER = {"key": "paper", "label": "Paper", "kind": "file", "required": False}


@pytest.fixture
def mia(pages: Browser, acme: TenantContext) -> int:
    member_id = give(acme, CAST.discord_id("member"), "Mia Member", 0)
    pages.sign_in("acme-member", path="/earn/")
    return member_id


def post(pages: Browser, path: str, data: dict[str, Any]) -> Any:
    return pages.on(ACME).post(path, data)


def text(pages: Browser, path: str) -> str:
    answer = pages.on(ACME).get(path)
    assert answer.status_code == 200, answer.content.decode()[:1_500]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def newest(context: TenantContext) -> Submission:
    with enter_tenant(context):
        return Submission.objects.select_related("type").latest("pk")


def picture() -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (20, 20), (10, 90, 200)).save(data, "PNG")
    return SimpleUploadedFile("proof.png", data.getvalue(), "image/png")


def tell(context: TenantContext) -> None:
    with enter_tenant(context):
        Submission.objects.update(told_at=clock.now(), told_after=clock.now() - timedelta(seconds=1))


def test_what_there_is_says_what_it_is_worth_and_why_not(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    make_kind(acme, "Talk", description="At a <meetup>", limit_count=1, limit_period="week")
    make_kind(acme, "For elders", eligibility={"level": 40})
    make_kind(acme, "Off", active=False)

    page = text(pages, "/submit/")

    assert "Talk 25 points At a &lt;meetup&gt; Once a week at most" in page
    assert "This is for members from level 40 on" in page
    assert "Off" not in page.split("Hand something in", 1)[1].split("Times are in")[0]
    assert "Nothing handed in yet" in text(pages, "/submissions/")


def test_a_form_is_handed_in_once_however_often_it_is_sent(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    make_kind(acme, key="talk")
    page = pages.on(ACME).get("/submit/talk/").content.decode()
    token = page.split('name="token" value="')[1].split('"')[0]
    sent = {"token": token, "a-title": "Rust", "a-link": "example.com/rust", "do": "send"}

    for _ in range(2):
        answer = post(pages, "/submit/talk/", sent)
        assert answer.status_code == 302
    told = text(pages, answer["Location"])

    assert "Waits for review" in told
    assert "Handed in" in told
    assert newest(acme).answers == {"title": "Rust", "link": "https://example.com/rust"}
    with enter_tenant(acme):
        assert Submission.objects.count() == 1


def test_errors_stand_beside_their_fields_and_files_are_not_lost(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    make_kind(acme, key="talk", fields=[*FIELDS, PROOF, PAPER])
    lying = SimpleUploadedFile("paper.pdf", b"<script>alert(1)</script>", "application/pdf")

    refused = post(
        pages, "/submit/talk/", {"a-proof": picture(), "a-paper": lying, "a-link": "not a link", "do": "send"}
    )

    page = refused.content.decode()
    assert refused.status_code == 422
    assert "paper.pdf" in page
    assert "proof.webp" in page
    assert 'value="not a link"' in page
    kept = page.split('name="a-proof-kept" value="')[1].split('"')[0]
    with enter_tenant(acme):
        assert not Submission.objects.exists()

    post(pages, "/submit/talk/", {"a-title": "Rust", "a-proof-kept": kept, "do": "send"})
    assert newest(acme).answers["proof"] == [int(kept)]
    with enter_tenant(acme):
        assert StoredFile.objects.get(pk=kept).kept


def test_somebody_elses_file_and_a_file_for_a_picture_are_refused(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    make_kind(acme, key="talk", fields=[*FIELDS, PROOF])
    with enter_tenant(acme):
        other = StoredFile.objects.create(
            use="attachment", name="x", content_type="image/webp", size=1, sha256="", owner_id=999
        )
    post(pages, "/submit/talk/", {"a-title": "Rust", "a-proof-kept": str(other.pk), "do": "send"})
    assert "proof" not in newest(acme).answers

    text_file = SimpleUploadedFile("notes.txt", b"hello", "text/plain")
    refused = post(pages, "/submit/talk/", {"a-title": "Rust", "a-proof": text_file, "do": "send"})
    assert "this is no picture" in refused.content.decode()


def test_a_draft_is_kept_changed_and_handed_in(pages: Browser, acme: TenantContext, mia: int) -> None:
    make_kind(acme, key="talk")
    mine = post(pages, "/submit/talk/", {"a-more": "To be continued", "do": "draft"})["Location"]
    assert newest(acme).state == "draft"
    assert "To be continued" in text(pages, mine)

    post(pages, mine, {"a-more": "More of it", "do": "draft"})
    assert post(pages, mine, {"a-more": "More of it", "do": "send"}).status_code == 422
    post(pages, mine, {"a-title": "Rust", "a-more": "More of it", "do": "send"})
    assert newest(acme).state == "pending"

    post(pages, f"{mine}withdraw/", {})
    assert newest(acme).state == "withdrawn"
    assert "Withdrawn" in text(pages, "/submissions/")


def test_a_question_is_seen_once_it_is_told_and_answered(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    one = hand(acme, make_kind(acme, key="talk"), mia, "Rust")
    mine = f"/submissions/{one.pk}/"
    with enter_tenant(acme):
        ask_for_info(context=acme, submission_id=one.pk, actor=BEA, question="When was <it>?")
    assert "When was" not in text(pages, mine)
    assert "Waits for review" in text(pages, "/submissions/")

    tell(acme)
    assert "When was &lt;it&gt;?" in text(pages, mine)
    assert "Bea" not in text(pages, mine)
    assert "Needs an answer from you" in text(pages, "/submissions/")
    post(pages, mine, {"a-title": "Rust", "a-more": "On Monday", "do": "send"})
    assert (newest(acme).state, newest(acme).answers["more"]) == ("pending", "On Monday")


def test_what_was_not_accepted_can_be_corrected(pages: Browser, acme: TenantContext, mia: int) -> None:
    one = hand(acme, make_kind(acme, key="talk"), mia, "Rust")
    with enter_tenant(acme):
        reject_submission(context=acme, submission_id=one.pk, actor=BEA, reason="Too short")
    tell(acme)
    assert "Hand it in again" in text(pages, f"/submissions/{one.pk}/")
    post(pages, f"/submissions/{one.pk}/", {"a-title": "Rust, longer", "do": "send"})
    assert newest(acme).state == "pending"


def test_members_are_chosen_by_name_as_others_see_them(pages: Browser, acme: TenantContext, mia: int) -> None:
    make_kind(acme, key="help", fields=[{"key": "who", "label": "Whom", "kind": "member", "others": True}])
    ada = give(acme, 5_001, "Ada Lovelace", 0)
    give(acme, 5_002, "Ada Byron", 0)
    found = pages.on(ACME).get("/submit/find/", {"field": "who", "a-who": "ada"}).content.decode()
    assert "Ada Byron" in found

    asked = post(pages, "/submit/help/", {"a-who": "ada", "do": "send"})
    assert "Choose one" in asked.content.decode()
    post(pages, "/submit/help/", {"a-who-id": str(ada), "do": "send"})
    assert newest(acme).answers == {"who": ada}


def test_nobody_sees_what_is_not_theirs(pages: Browser, acme: TenantContext, mia: int) -> None:
    other = hand(acme, make_kind(acme, key="talk"), give(acme, 5_001, "Ada", 0), "Secret")
    assert pages.on(ACME).get(f"/submissions/{other.pk}/").status_code == 404
    assert post(pages, f"/submissions/{other.pk}/withdraw/", {}).status_code == 404
    assert pages.on(ACME).get("/submit/nothing/").status_code == 404


def test_the_list_costs_the_same_however_long(pages: Browser, acme: TenantContext, mia: int) -> None:
    kind = make_kind(acme, key="talk")

    def count() -> list[int]:
        found = []
        for path in ("/submissions/", "/submit/"):
            pages.on(ACME).get(path)
            with CaptureQueriesContext(connection) as queries:
                pages.on(ACME).get(path)
            found.append(len(queries))
        return found

    hand(acme, kind, mia, "One")
    few = count()
    for number in range(30):
        hand(acme, kind, mia, f"Talk {number}")
    assert count() == few
    assert "Older" in text(pages, "/submissions/")


def survey_path(context: TenantContext, kind: SubmissionType, member_id: int) -> str:
    with enter_tenant(context):
        renew_survey_secret(type_id=kind.pk, actor=SYSTEM)
        link = make_survey_link(context=context, type_id=kind.pk, member_id=member_id, actor=SYSTEM)
    return f"/survey/{link.ticket}/"


def test_a_survey_is_filled_in_without_a_login_once(pages: Browser, acme: TenantContext) -> None:
    mia = give(acme, CAST.discord_id("member"), "Mia Member", 0)
    path = survey_path(acme, make_kind(acme, "How was it"), mia)

    opened = pages.on(ACME).get(path)
    assert "You answer as" in opened.content.decode()
    assert opened["Referrer-Policy"] == "no-referrer"
    assert post(pages, path, {"a-title": ""}).status_code == 422
    post(pages, path, {"a-title": "Good"})
    assert "Thank you, we have your answer" in text(pages, path)
    assert (newest(acme).member_id, newest(acme).via) == (mia, "survey")

    changed = path.replace("/survey/", "/survey/x")
    assert pages.on(ACME).get(changed).status_code == 410
    assert "Nothing can be answered here" in pages.on(ACME).get(changed).content.decode()
