"""The review queue: what waits, found and filtered; one page with its forms; decided, undone, claimed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.actor import Actor
from engagement.submissions.models import Submission
from engagement.submissions.previews import LinkFacts, note_previews
from engagement.submissions.reasons import save_reason
from engagement.submissions.reviewing import claim_submission
from engagement.submissions.sla import tell_outcome
from saas.core import clock
from tenants.context import enter_tenant
from tests.frontend_api.hosts import ACME
from tests.handing_in import RUBRIC, hand, make_kind

from .conftest import Room

QUEUE, ALL = "/dashboard/submissions/", "/dashboard/submissions/all/"
BEA = Actor("discord", 42, "Bea", via="bot")


def path_of(submission: Submission, act: str = "") -> str:
    return f"{QUEUE}{submission.pk}/{act}/".replace("//", "/") if act else f"{QUEUE}{submission.pk}/"


def test_what_waits_stands_in_the_queue_and_can_be_found(room: Room) -> None:
    room.hand("Rust for <beginners>")
    room.hand("Gardening")

    everything = room.text(QUEUE)
    assert "2 submissions" in everything
    assert "Rust for &lt;beginners&gt;" in everything
    assert "Mia Member" in everything
    assert "Gardening" not in room.text(f"{QUEUE}?q=rust")
    assert "2 submissions match" in room.text(f"{QUEUE}?q=mia")
    assert "Nothing matches" in room.text(f"{QUEUE}?due=over")


def test_it_costs_the_same_queries_however_many_wait(room: Room) -> None:
    def count(path: str) -> int:
        room.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert room.get(path).status_code == 200
        return len(queries)

    first = room.hand("One")
    few = [count(QUEUE), count(ALL), count(path_of(first))]
    with enter_tenant(room.context):
        row = Submission.objects.get(pk=first.pk)
        copies = [
            Submission(
                key=f"many:{number}", type_id=row.type_id, member_id=row.member_id, state="pending", form=row.form,
                answers=row.answers, title=f"Copy {number}", via="web", submitted_at=row.submitted_at, like_ids=[row.pk],
            )
            for number in range(10_000)
        ]  # fmt: skip
        Submission.objects.bulk_create(copies, batch_size=1_000)

    assert "10,001 submissions" in room.text(QUEUE)
    assert [count(QUEUE), count(ALL), count(path_of(first))] == few


def test_an_approval_gives_its_points_and_goes_on_to_the_next(room: Room) -> None:
    first, second = room.hand("First"), room.hand("Second")

    answer = room.post(path_of(first, "approve"), {"note": "Lovely"})

    assert answer["Location"] == path_of(second)
    done = room.again(first)
    assert (done.state, done.points, done.reason) == ("approved", 25, "Lovely")
    told = room.get(path_of(second)).content.decode()
    assert "“First” is approved for 25 points." in told
    assert f'data-until="{done.told_after.isoformat()}"' in told  # type: ignore[union-attr]

    room.post(path_of(first, "undo"))
    assert room.again(first).state == "pending"
    assert "Nobody was told" in room.text(path_of(first))


def test_undone_after_it_was_told_says_so(room: Room) -> None:
    one = room.hand()
    room.post(path_of(one, "reject"), {"text": "Not this"})
    with enter_tenant(room.context):
        Submission.objects.update(told_after=clock.now() - timedelta(seconds=1))
        tell_outcome(submission_id=one.pk, context=room.context)

    assert "The member was told" in room.text(path_of(one))
    room.post(path_of(one, "undo"))
    assert "The member is told." in room.text(path_of(one))


def test_a_rejection_needs_a_reason_written_or_ready_made(room: Room) -> None:
    one, other = room.hand("One"), room.hand("Other")
    with enter_tenant(room.context):
        ready = save_reason(text="Counted before.", outcome="rejected", actor=BEA)

    refused = room.post(path_of(one, "reject"), {"text": " "})
    assert refused.status_code == 422
    assert "choose a ready-made one" in refused.content.decode()
    assert room.again(one).state == "pending"

    room.post(path_of(one, "reject"), {"template": str(ready.pk)})
    room.post(path_of(other, "ask"), {"text": "When was it?"})
    assert (room.again(one).state, room.again(one).reason) == ("rejected", "Counted before.")
    assert (room.again(other).state, room.again(other).reason) == ("needs_info", "When was it?")


def test_a_rubric_gives_the_points_that_follow(room: Room) -> None:
    room.kind = make_kind(room.context, "Guide", rubric=list(RUBRIC), award={"kind": "rubric", "points": 90})
    one = room.hand("A guide")

    page = room.text(path_of(one))
    assert "counts 2 times" in page
    assert "Score 2 more lines" in page
    assert "Score one more line" in room.text(path_of(one, "sum") + "?score_use=5")
    assert "90 points" in room.text(path_of(one, "sum") + "?score_use=5&score_care=5")

    refused = room.post(path_of(one, "approve"), {"score_use": "5"})
    assert refused.status_code == 422
    assert "the points follow from it" in refused.content.decode()
    refused = room.post(path_of(one, "approve"), {"score_use": "6", "score_care": "1"})
    assert refused.status_code == 422

    room.post(path_of(one, "approve"), {"score_use": "4", "score_care": "1"})
    assert (room.again(one).points, room.again(one).scores) == (54, {"use": 4, "care": 1})
    assert "4 of 5" in room.text(path_of(one))


def test_who_was_quicker_is_said_and_nothing_changes(room: Room) -> None:
    one = room.hand()
    room.post(path_of(one, "reject"), {"text": "Not this"})

    late = room.post(path_of(one, "approve"))

    assert late.status_code == 409
    assert "is rejected already" in late.content.decode()
    assert room.again(one).points == 0


def test_somebody_who_looks_at_it_is_shown_and_waited_for(room: Room) -> None:
    one = room.hand()
    with enter_tenant(room.context):
        claim_submission(submission_id=one.pk, actor=BEA)

    assert "Bea looks at this" in room.text(path_of(one))
    assert "Bea" in room.text(QUEUE)
    assert room.post(path_of(one, "approve")).status_code == 409

    with enter_tenant(room.context):
        Submission.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    room.post(path_of(one, "claim"))
    assert "Let others" in room.text(path_of(one))
    room.post(path_of(one, "release"))
    assert "I look at this" in room.text(path_of(one))


def test_links_show_where_they_lead_and_duplicates_stand_beside(room: Room) -> None:
    words = "We built a small robot that sorts socks by colour and by owner, and it works on most days of the week"
    earlier = room.hand("Socks", link="https://example.com/socks", more=words)
    later = room.hand("Sock robot", link="https://xn--exmple-cua.com/x", more=words)

    page = room.page(path_of(later))

    assert 'rel="noopener noreferrer nofollow ugc"' in page
    assert "xn--exmple-cua.com" in page
    assert "the same words" in page
    assert path_of(earlier) in page
    assert "1 earlier" in room.text(QUEUE)


def test_a_link_says_what_its_page_is_called(room: Room) -> None:
    one = room.hand("A talk", link="https://example.com/a")
    with enter_tenant(room.context):
        facts = LinkFacts("www.example.com", "<script>alert(1)</script>", "About \u202eit", "Example")
        note_previews(submission_id=one.pk, found={"https://example.com/a": facts})

    text = room.page(path_of(one))

    assert "Where its link leads" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text
    assert "www.example.com" in text


def test_nobody_reviews_their_own(room: Room) -> None:
    from tests.cast import ACME as CAST
    from tests.frontend_api.givers import give

    mine = give(room.context, CAST.discord_id("moderator"), "Moe Moderator", 0)
    one = hand(room.context, room.kind, mine, "My own")

    assert "This is your own submission" in room.text(path_of(one))
    assert room.post(path_of(one, "approve")).status_code == 403
    assert room.again(one).state == "pending"


def test_drafts_and_other_communities_are_not_there(room: Room) -> None:
    assert room.get(f"{QUEUE}999999/").status_code == 404
    assert room.post(f"{QUEUE}999999/approve/").status_code == 404


@pytest.mark.parametrize("format", ["csv", "json"])
def test_the_lists_are_exported_safe_for_spreadsheets(room: Room, format: str) -> None:
    room.hand("=HYPERLINK(1)")
    for path in (QUEUE, ALL):
        answer = room.get(f"{path}export.{format}")
        body = b"".join(answer.streaming_content).decode()
        assert "HYPERLINK" in body
        assert format == "json" or "'=HYPERLINK" in body


def test_saved_views_and_columns_work(room: Room) -> None:
    room.hand()
    room.post(
        "/dashboard/views/", {"list": "submissions", "path": QUEUE, "query": "due=over", "name": "Late ones"}
    )
    page = room.text(QUEUE)
    assert "Late ones" in page
    assert f'action="{QUEUE}bulk/"' in room.browser.on(ACME).get(QUEUE).content.decode()
    assert "the web" in room.text(f"{QUEUE}?col=title&col=via")
