"""The team's messages in the community's language: every sentence in each, with the same places."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.credits.models import CreditRequest, CreditType, RequestState
from engagement.departures.events import PendingReturned
from engagement.files.models import FileUse
from engagement.files.services import store_file
from engagement.notifications.models import NotificationSettings
from engagement.progression.services import ensure_member
from engagement.rewards.models import Redemption, RedemptionState, Reward
from engagement.submissions.models import SubmissionState
from engagement.submissions.reviewing import reject_submission
from engagement.submissions.selectors import get_detail
from integrations.discord import asking, credit_asking, team_news
from integrations.discord.departure_news import tell_team_returned
from integrations.discord.reviews.messages import describe_submission
from integrations.discord.team_words import LANGUAGES, say_flag
from saas.core import clock
from tenants.context import TenantContext
from tests.engagement.files.pictures import picture
from tests.handing_in import hand, make_kind
from tests.integrations.discord.scene import Scene


def german(scene: Scene) -> TenantContext:
    return replace(scene.context, locale="de-AT")


def labels(body: dict[str, Any]) -> list[str]:
    return [button["label"] for row in body["components"] for button in row["components"]]


def test_every_sentence_is_there_with_the_same_places() -> None:
    english = LANGUAGES["en"]
    for words in LANGUAGES.values():
        assert words.keys() == english.keys()
        for key, text in words.items():
            assert places(text) == places(english[key]), key
    wanted = {f"redemption.{one}" for one in RedemptionState.values}
    wanted |= {f"credit.{one}" for one in RequestState.values}
    wanted |= {f"submission.{one}" for one in SubmissionState.values} - {
        "submission.draft",
        "submission.pending",
    }
    assert wanted <= english.keys()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_a_redemption(scene: Scene) -> None:
    reward = Reward.objects.create(kind="custom", key="hat", name="Hat", price=1_500, state="active")
    row = Redemption.objects.create(
        key="k", reward=reward, member_id=scene.member.pk, reward_name="Hat {0}", kind="custom", price=1_500, counted=False,
        state="requested", via="web", requested_at=clock.now(),
    )  # fmt: skip
    body = asking.describe_request(german(scene), row)
    assert body["embeds"][0]["description"] == r"**Ada \*Wren\*** möchte **Hat {0}** für **1.500 points**."
    assert labels(body) == ["Genehmigen", "Ablehnen", "Öffnen"]
    row.state, row.decided_by, row.reason = "rejected", "Bea", "Nein"
    told = asking.describe_request(german(scene), row)["embeds"][0]
    assert told["description"].endswith(": abgelehnt von Bea.")
    assert told["fields"] == [{"name": "Grund", "value": "Nein", "inline": False}]


def test_a_credit_request(scene: Scene) -> None:
    kind = CreditType.objects.create(pk=1, key="ai", name="AI")
    row = CreditRequest.objects.create(
        key="k", type=kind, member_id=scene.member.pk, amount=1_200, reason="Plakat", via="web",
        requested_at=clock.now(), flags=[{"code": "new_member", "days": 2}],
    )  # fmt: skip
    body = credit_asking.describe_request(german(scene), row)
    assert "bittet um **1.200 AI credits**" in body["embeds"][0]["description"]
    assert body["embeds"][0]["fields"][-1] == {
        "name": "Genauer hinsehen",
        "value": "⚠️ Vor 2 Tagen beigetreten",
        "inline": False,
    }
    assert labels(body) == ["Genehmigen", "Zum Teil", "Nachfragen", "Ablehnen", "Öffnen"]
    row.state, row.granted, row.decided_by = "approved", 200, "Bea"
    told = credit_asking.describe_request(german(scene), row)["embeds"][0]["description"]
    assert told.endswith("gewährt zum Teil: 200 AI credits von Bea.")


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ({"code": "burst", "count": 1_000}, "1.000 Anfragen an einem Tag"),
        ({"code": "new_member", "days": 0}, "Heute beigetreten"),
        ({"code": "new_member", "days": 1}, "Vor 1 Tag beigetreten"),
        ({"code": "unusual_amount", "usual": 10}, "Mehr als das 3-Fache der üblichen 10"),
        ({"code": "same_reason"}, "Derselbe Grund wie bei jemand anderem"),
        ({"code": "of a later release"}, "of a later release"),
    ],
)
def test_what_looks_suspicious(flag: dict[str, Any], text: str) -> None:
    assert say_flag("de", flag) == text


def test_a_submission_with_its_first_picture(scene: Scene) -> None:
    fields = [
        {"key": "title", "label": "Was", "kind": "text"},
        {"key": "doc", "label": "Datei", "kind": "file", "required": False},
        {"key": "shot", "label": "Bild", "kind": "picture", "required": False, "most": 2},
    ]
    kind = make_kind(scene.context, channel_id=scene.channel.id, fields=fields)
    member = ensure_member(provider="discord", external_id="4242", display_name="Ada")
    stored = {
        name: store_file(use=FileUse.ATTACHMENT, name=name, data=data, owner_id=member.pk).pk
        for name, data in {
            "a.pdf": b"%PDF-1.4\n%%EOF\n",
            "b.png": picture(),
            "c.png": picture("PNG", (9, 9)),
        }.items()
    }
    one = hand(
        scene.context,
        kind,
        member.pk,
        "Ein Vortrag",
        doc=[stored["a.pdf"]],
        shot=[stored["b.png"], stored["c.png"]],
    )

    body = describe_submission(german(scene), get_detail(submission_id=one.pk))

    shown = body["embeds"][0]
    assert "**Bild**: 2 Dateien auf der Seite" in shown["description"]
    assert re.fullmatch(r"https?://acme\.[^/]+/files/[^/]+/", shown["image"]["url"])
    assert labels(body) == ["Genehmigen", "Ablehnen", "Nachfragen", "Öffnen"]
    plain = hand(scene.context, kind, member.pk, "Ohne Bild")
    assert "image" not in describe_submission(german(scene), get_detail(submission_id=plain.pk))["embeds"][0]
    reject_submission(context=scene.context, submission_id=one.pk, actor=SYSTEM, reason="Zu kurz")
    told = describe_submission(german(scene), get_detail(submission_id=one.pk))["embeds"][0]["fields"][0]
    assert told["name"] == "❌ Abgelehnt"
    assert told["value"].startswith("von ")


def test_news_of_the_team(scene: Scene) -> None:
    assert team_news.describe_stock("de", name="Hut", left=0) == "**Hut** ist ausverkauft."
    assert team_news.describe_stock("de", name="Hut", left=1_200).endswith("noch 1.200.")
    assert team_news.describe_stuck("de", name="Hut", why="codes").startswith(
        "Eine Einlösung von **Hut** hat keinen Code"
    )
    assert team_news.describe_stuck("de", name="Hut", why="new").endswith("geht nicht weiter.")
    assert "Adresse" in team_news.describe_address("de", name="Hut")
    assert team_news.describe_waiting("de", undecided=1, by_hand=2, unshipped=0).splitlines() == [
        "**1** Einlösung wartet auf eine Entscheidung.",
        "**2** Belohnungen sind von Hand zu geben.",
    ]
    assert team_news.describe_overdue("de", name="Vortrag", count=2, step=1).startswith(
        "**2** Einreichungen bei"
    )
    assert (
        team_news.describe_requests("de", count=1, hours=48)
        == "**1** Anfrage wartet seit mehr als 48 Stunden."
    )
    assert labels(team_news.describe(german(scene), "x")) == ["Einlösungen öffnen"]
    NotificationSettings.objects.update_or_create(pk=1, defaults={"team_channel_id": scene.channel.id})
    news = PendingReturned(scene.member.pk, redemptions=2, points=1_300, submissions=1, requests=0)
    tell_team_returned(german(scene), scene.client, event_id=7, event=news)
    told = scene.messages(scene.channel.id)[0].embeds[0]["description"]
    assert told.endswith(
        "wurde gelöscht. Damit wurde zurückgenommen: 2 Einlösungen (1.300 points kamen zurück), 1 Einreichung."
    )
