"""What the pages are called that a submission's links lead to, as its reviewers see it.

The pages themselves are fetched by integrations.links, after it was handed in. A link is looked at once: what it was called then stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import transaction

from saas.events import publish

from .answers import values_of
from .events import SubmissionPreviewed
from .models import Submission
from .shapes import FieldKind, form_of
from .states import NEEDS_INFO, PENDING

MOST: Final = 5  # links of one submission


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """`host` is where it led in the end; the rest is what the page says of itself, cleaned and cut."""

    host: str
    title: str = ""
    description: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """A link of a submission with what is known of it."""

    url: str
    facts: LinkFacts


def list_unseen_links(*, submission_id: int) -> list[str]:
    """Those that nobody has looked at, of what waits for review and whose kind shows previews. One query."""
    submission = Submission.objects.select_related("type").filter(pk=submission_id).first()
    if submission is None or submission.state not in (PENDING, NEEDS_INFO) or not submission.type.previews:
        return []
    seen = {one["url"] for one in submission.previews}
    return [url for url in _links_of(submission) if url not in seen]


@transaction.atomic
def note_previews(*, submission_id: int, found: Mapping[str, LinkFacts | None]) -> None:
    """Keep what was found; None: nothing, for good. A link that is in the answers no longer is left out.

    Locks the row. Idempotent: what is noted stays. Publishes SubmissionPreviewed where there is something to show.
    """
    if not found:
        return
    submission = Submission.objects.select_for_update().filter(pk=submission_id).first()
    if submission is None:
        return
    known = {one["url"]: one for one in submission.previews}
    new: dict[str, dict[str, Any]] = {}
    for url in _links_of(submission):
        if url in found and url not in known:
            facts = found[url]
            new[url] = {"url": url} | ({} if facts is None else asdict(facts))
    if not new:
        return
    submission.previews = [*known.values(), *new.values()]
    submission.save(update_fields=["previews"])
    if any("title" in one for one in new.values()):
        publish(SubmissionPreviewed(submission.pk, submission.member_id, submission.type_id))


def previews_of(submission: Submission) -> list[LinkPreview]:
    """What there is to show, in the order of the answers; nothing while its kind shows none."""
    if not submission.type.previews:
        return []
    known: dict[str, dict[str, Any]] = {one["url"]: one for one in submission.previews if "title" in one}
    names = ("host", "title", "description", "site")
    return [
        LinkPreview(url, LinkFacts(**{name: known[url].get(name, "") for name in names}))
        for url in _links_of(submission)
        if url in known
    ]


def _links_of(submission: Submission) -> list[str]:
    """As they were handed in, each once."""
    links = values_of(form_of(submission.form), submission.answers, FieldKind.LINK)
    return list(dict.fromkeys(str(link) for link in links))[:MOST]
