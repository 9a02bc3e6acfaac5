"""Jobs that tell the team in its channel who supports, and thank who begins where organisers chose to."""

from __future__ import annotations

from typing import Any

from engagement.notifications.support_news import find_team_news, find_thanks
from integrations.discord.client import get_client
from integrations.discord.hearing import heard
from integrations.discord.jobs import PATIENT, QUEUE
from integrations.discord.team_news import SUPPORTERS, tell_team
from integrations.discord.team_words import language_of
from saas.events.jobs import job

from .news import describe_news, thank


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_began(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterJoined."""
    _tell(tenant, event_id, "joined", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_moved(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterMoved."""
    _tell(tenant, event_id, "moved", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_planned(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterPlanned. One that was taken back is no news of its own."""
    if event["next_tier_id"] is not None:
        _tell(tenant, event_id, "planned", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_ending(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterEnding."""
    _tell(tenant, event_id, "ending", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_resumed(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterResumed."""
    _tell(tenant, event_id, "resumed", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord team")
def tell_team_ended(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterLeft."""
    _tell(tenant, event_id, "ended", event)


@job(queue=QUEUE, retry=PATIENT, lock="discord announcements")
def thank_supporter(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterJoined, in the one public place, if organisers chose one."""
    context = heard(tenant, event_id=event_id)
    if context is None:
        return
    thanks = find_thanks(context=context, supporter_id=int(event["supporter_id"]))
    if thanks is not None:
        thank(context, get_client(), event_id=event_id, thanks=thanks)


def _tell(tenant: str, event_id: int, kind: str, event: dict[str, Any]) -> None:
    context = heard(tenant, event_id=event_id)
    if context is None:
        return
    news = find_team_news(
        kind=kind,
        supporter_id=int(event["supporter_id"]),
        was_tier_id=int(event.get("was_tier_id", 0)),
        why=str(event.get("why", "asked")),
    )
    if news is not None:
        text = describe_news(language_of(context), news)
        tell_team(context, get_client(), event_id=event_id, text=text, path=SUPPORTERS)
