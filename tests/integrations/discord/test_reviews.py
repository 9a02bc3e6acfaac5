"""The review channel: posted once, kept as the submission is, gone for good where somebody deleted it."""

from __future__ import annotations

from typing import Any

from engagement.audit.actor import Actor
from engagement.progression.services import ensure_member
from engagement.submissions.models import Submission
from engagement.submissions.previews import LinkFacts, note_previews
from engagement.submissions.reviewing import approve_submission, reject_submission, undo_decision
from integrations.discord.models import DiscordProblem
from integrations.discord.reviews.messages import post_review_message, update_review_message
from ops.sandbox.discord.state.messages import delete_message
from tests.handing_in import RUBRIC, hand, make_kind
from tests.integrations.discord.scene import Scene

BEA = Actor("user", 700_001, "Bea *B*", role="moderator", via="web")


def waiting(scene: Scene, **values: Any) -> Submission:
    kind = make_kind(scene.context, channel_id=scene.channel.id, **values)
    member = ensure_member(provider="discord", external_id="4242", display_name="Ada *Wren*")
    return hand(
        scene.context,
        kind,
        member.pk,
        "Rust *talk* @everyone",
        link="https://example.com/a_b",
        more="Hello\n**you**",
    )


def post(scene: Scene, one: Submission, event_id: int = 1) -> None:
    post_review_message(scene.context, scene.client, event_id=event_id, submission_id=one.pk)


def update(scene: Scene, one: Submission) -> bool:
    return update_review_message(scene.context, scene.client, submission_id=one.pk)


def labels(message: Any) -> list[str]:
    return [one["label"] for row in message.components for one in row["components"]]


def test_it_is_posted_once_with_what_was_answered_and_pings_nobody(scene: Scene) -> None:
    one = waiting(scene)
    for _ in range(2):
        post(scene, one)

    [message] = scene.messages()
    shown = message.embeds[0]
    assert shown["title"] == r"Rust \*talk\* \@everyone"
    assert "https://example.com/a_b" in shown["description"]
    assert r"\*\*you\*\*" in shown["description"]
    assert labels(message) == ["Approve", "Reject", "Needs info", "Open"]
    assert Submission.objects.get(pk=one.pk).message_id == message.id


def test_it_says_where_its_links_lead_once_that_is_known(scene: Scene) -> None:
    one = waiting(scene)
    post(scene, one)
    facts = LinkFacts("example.com", "**Free** @everyone", "[click](https://evil.example)", "Example")
    note_previews(submission_id=one.pk, found={"https://example.com/a_b": facts})
    assert update(scene, one)

    shown = scene.messages()[0].embeds[0]["description"]
    assert r"> 🔗 **\*\*Free\*\* \@everyone** · example.com" in shown
    assert "[click](" not in shown


def test_it_follows_what_is_decided_and_taken_back_elsewhere(scene: Scene) -> None:
    one = waiting(scene)
    post(scene, one)

    approve_submission(context=scene.context, submission_id=one.pk, actor=BEA)
    assert update(scene, one)
    [message] = scene.messages()
    assert message.embeds[0]["fields"][0] == {"name": "✅ Approved", "value": r"25 points · by Bea \*B\*"} | {
        key: value for key, value in message.embeds[0]["fields"][0].items() if key == "inline"
    }
    assert labels(message) == ["Open"]

    undo_decision(context=scene.context, submission_id=one.pk, actor=BEA)
    update(scene, one)
    [message] = scene.messages()
    assert labels(message)[0] == "Approve"
    assert not message.embeds[0].get("fields")


def test_a_deleted_message_stays_deleted_and_the_submission_waits(scene: Scene) -> None:
    one = waiting(scene)
    post(scene, one)
    [message] = scene.messages()
    scene.discord.call(delete_message, scene.discord.discord.world, message)

    reject_submission(context=scene.context, submission_id=one.pk, actor=BEA, reason="No")
    undo_decision(context=scene.context, submission_id=one.pk, actor=BEA)
    assert not update(scene, one)

    assert scene.messages() == []
    found = Submission.objects.get(pk=one.pk)
    assert (found.state, found.message_id) == ("pending", None)


def test_a_rubric_too_large_for_discord_is_scored_on_the_page(scene: Scene) -> None:
    many = [{"key": f"c{number}", "label": f"Line {number}"} for number in range(6)]
    big = waiting(scene, rubric=many, award={"kind": "rubric", "points": 10})
    small = waiting(scene, name="Other", rubric=list(RUBRIC), award={"kind": "rubric", "points": 10})
    post(scene, big, 1)
    post(scene, small, 2)
    assert [labels(message)[0] for message in scene.messages()] == ["Reject", "Score and approve"]


def test_without_a_channel_or_once_decided_nothing_is_posted(scene: Scene) -> None:
    quiet = hand(scene.context, make_kind(scene.context, "Quiet"), scene.member.pk)
    done = waiting(scene)
    reject_submission(context=scene.context, submission_id=done.pk, actor=BEA, reason="No")
    post(scene, quiet, 1)
    post(scene, done, 2)
    assert scene.messages() == []


def test_a_channel_that_is_closed_to_us_is_the_organisers_to_open(scene: Scene) -> None:
    kind = make_kind(scene.context, channel_id=4_242)
    one = hand(scene.context, kind, scene.member.pk)
    post(scene, one)
    [problem] = DiscordProblem.objects.all()
    assert "Submissions cannot be posted in the channel 4242" in problem.message
