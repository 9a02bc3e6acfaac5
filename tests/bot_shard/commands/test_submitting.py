"""/submit and /submissions: a form with files, five answers and the rest on the page, what does not fit kept as a draft."""

from __future__ import annotations

from typing import Any

from engagement.files.models import StoredFile
from engagement.members.models import Member
from engagement.submissions.models import Submission
from ops.sandbox.discord.control.find import find_message
from tenants.context import TenantContext
from tests.cast import ACME
from tests.handing_in import FIELDS, make_kind

from .conftest import Talk
from .test_member_commands import Inside, embed

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGM8ISfHgA0wYRUdtBIA0MoBFD5jqJkAAAAASUVORK5CYII="
)


def handed() -> list[Submission]:
    return list(Submission.objects.select_related("type").order_by("pk"))


def links(talk: Talk, answer: dict[str, Any]) -> list[str]:
    rows = find_message(talk.local.world, answer["replies"][-1]["id"]).components
    return [one["url"] for row in rows for one in row["components"] if "url" in one]


async def send(talk: Talk, opened: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return await talk.local.state.submit_modal(opened["id"], values)


async def test_something_is_handed_in_by_a_form_once(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(make_kind, acme, "Meetup *talk*", key="talk", sla_hours=48)
    offered = await talk.local.state.autocomplete(
        "Acme Makers", "general", "acme-member", "submit", "type", {"type": "meet"}
    )
    assert offered["choices"] == [{"name": "Meetup *talk*", "value": "talk"}]

    opened = await talk.command("member", "submit", {"type": "talk"})
    assert opened["modal"]["title"] == "Meetup *talk*"
    answer = await send(talk, opened, {"title": "Rust @everyone", "link": "example.com/rust"})

    assert answer["ephemeral"]
    assert embed(answer)["title"] == r"Handed in: Rust \@everyone"
    assert "Decided <t:" in embed(answer)["description"]
    assert "/visit/?ticket=" in links(talk, answer)[0]
    [one] = await inside(handed)
    assert (one.state, one.via, one.answers["link"]) == ("pending", "bot", "https://example.com/rust")

    listed = await talk.command("member", "submissions")
    assert r"**Rust \@everyone** · waits for review" in embed(listed)["description"]


async def test_files_come_as_options_and_lie_about_nothing(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    fields = [*FIELDS, {"key": "proof", "label": "Proof", "kind": "picture", "most": 2}]
    await inside(make_kind, acme, "Workshop", key="workshop", fields=fields)
    good = {"filename": "proof.png", "data": PNG}

    opened = await talk.command("member", "submit", {"type": "Workshop", "file": good})
    await send(talk, opened, {"title": "Soldering"})
    lying = {"filename": "proof.png", "data": "PHNjcmlwdD4="}
    opened = await talk.command("member", "submit", {"type": "workshop", "file": lying})
    refused = await send(talk, opened, {"title": "Sewing"})

    first, second = await inside(handed)
    assert first.state == "pending"
    [stored] = await inside(lambda: list(StoredFile.objects.filter(pk__in=first.answers["proof"])))
    assert (stored.content_type, stored.kept) == ("image/webp", True)
    assert second.state == "draft"
    assert "Sewing" in second.answers["title"]
    assert "is not handed in yet" in embed(refused)["title"]
    assert "Proof" in embed(refused)["description"]


async def test_more_than_five_answers_go_on_on_the_page(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    fields = [{"key": f"f{number}", "label": f"Question {number}", "kind": "text"} for number in range(7)]
    await inside(make_kind, acme, "Long form", key="long", fields=fields)

    opened = await talk.command("member", "submit", {"type": "long"})
    assert len(opened["modal"]["components"]) == 5
    answer = await send(talk, opened, {f"f{number}": f"answer {number}" for number in range(5)})

    assert "is kept as a draft" in embed(answer)["title"]
    assert "Question 5, Question 6" in embed(answer)["description"]
    assert "/visit/?ticket=" in links(talk, answer)[0]
    [one] = await inside(handed)
    assert (one.state, len(one.answers)) == ("draft", 5)


async def test_choices_and_members_are_chosen_and_what_does_not_fit_is_kept(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    fields = [
        {"key": "what", "label": "What", "kind": "text"},
        {"key": "size", "label": "Size", "kind": "choice", "choices": ["Small", "Large"]},
        {"key": "who", "label": "Whom did you help", "kind": "member", "others": True},
        {"key": "hours", "label": "Hours", "kind": "number", "least": 1, "most": 8},
    ]
    await inside(make_kind, acme, "Help", key="help", fields=fields)
    helped = await inside(lambda: Member.objects.create(display_name="Hilda"))
    await inside(
        lambda: helped.identities.create(provider="discord", external_id=str(ACME.discord_id("owner")))
    )

    opened = await talk.command("member", "submit", {"type": "help"})
    values = {"what": "A lift", "size": "Large", "who": str(ACME.discord_id("owner")), "hours": "99"}
    answer = await send(talk, opened, values)
    assert "give a number from 1 to 8" in embed(answer)["description"]

    opened = await talk.command("member", "submit", {"type": "help"})
    await send(talk, opened, values | {"hours": "3"})
    draft, sent = await inside(handed)
    assert (draft.state, "hours" in draft.answers) == ("draft", False)
    assert sent.answers == {"what": "A lift", "size": "Large", "who": helped.pk, "hours": 3}


async def test_what_is_not_there_or_not_for_one_is_said(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_kind, acme, "For the old", key="old", eligibility={"level": 50})

    unknown = await talk.command("member", "submit", {"type": "nothing"})
    assert "no such kind" in embed(unknown)["description"]
    early = await talk.command("member", "submit", {"type": "old"})
    assert "from level 50 on" in embed(early)["description"]
    none = await talk.command("member", "submissions")
    assert embed(none)["title"] == "You have handed in nothing yet."


async def test_a_question_stands_in_ones_list_once_it_was_told(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_kind, acme, key="talk")
    opened = await talk.command("member", "submit", {"type": "talk"})
    await send(talk, opened, {"title": "Rust"})

    def ask() -> None:
        Submission.objects.update(state="needs_info", reason="When was it?")

    await inside(ask)
    listed = await talk.command("member", "submissions")
    assert "needs an answer from you" in embed(listed)["description"]
    assert "> When was it?" in embed(listed)["description"]
