"""Many at once: asked first, a result for each, undone together."""

from __future__ import annotations

from engagement.submissions.models import Submission
from tenants.context import enter_tenant
from tests.handing_in import RUBRIC, hand, make_kind

from .conftest import Room

BULK = "/dashboard/submissions/bulk/"


def decide(room: Room, act: str, *found: Submission, **more: str) -> str:
    """The page of the results."""
    form = {"act": act, "ids": ",".join(str(one.pk) for one in found), "confirmed": "1", **more}
    answer = room.post(BULK, form)
    assert answer.status_code == 302, answer.content.decode()[-3_000:]
    return str(answer["Location"])


def test_it_is_asked_first_and_needs_a_reason_where_members_read_one(room: Room) -> None:
    one, two = room.hand("One"), room.hand("Two")

    asked = room.post(BULK, {"act": "reject", "ids": [one.pk, two.pk]})
    assert "Reject 2 submissions?" in asked.content.decode()
    refused = room.post(BULK, {"act": "reject", "ids": f"{one.pk},{two.pk}", "confirmed": "1"})
    assert refused.status_code == 422
    assert room.again(one).state == "pending"

    decide(room, "reject", one, two, text="Counted before.")
    assert [room.again(row).reason for row in (one, two)] == ["Counted before."] * 2


def test_each_has_its_result_and_all_of_it_can_be_taken_back(room: Room) -> None:
    scored = make_kind(room.context, "Guide", rubric=list(RUBRIC), award={"kind": "rubric", "points": 90})
    good, decided = room.hand("Good"), room.hand("Decided")
    needs_score = hand(room.context, scored, room.member_id, "Needs a score")
    decide(room, "reject", decided, text="No")

    page = decide(room, "approve", good, decided, needs_score)

    text = room.text(page)
    assert "1 submission approved" in text
    assert "2 left as they were" in text
    assert "is rejected already" in text
    assert "the points follow from it" in text
    assert room.again(good).points == 25

    undone = room.post(f"{page}undo/")["Location"]
    assert "1 submission taken back" in room.text(undone)
    assert [room.again(row).state for row in (good, decided, needs_score)] == [
        "pending",
        "rejected",
        "pending",
    ]
    assert "Undo all" not in room.text(page)


def test_all_that_match_are_meant_where_that_is_ticked(room: Room) -> None:
    for number in range(3):
        room.hand(f"Talk {number}")
    other = room.hand("Something else")

    decide(room, "approve", scope="all", query="q=talk")

    with enter_tenant(room.context):
        assert Submission.objects.filter(state="approved").count() == 3
    assert room.again(other).state == "pending"


def test_nothing_ticked_an_unknown_act_and_foreign_results_change_nothing(room: Room) -> None:
    room.hand()
    assert room.post(BULK, {"act": "approve"})["Location"] == "/dashboard/submissions/"
    assert room.post(BULK, {"act": "explode", "ids": "1"}).status_code == 422
    assert room.get(f"{BULK}0f8fad5b-d9cb-469f-a165-70867728950e/").status_code == 404
    with enter_tenant(room.context):
        assert Submission.objects.filter(state="pending").count() == 1
