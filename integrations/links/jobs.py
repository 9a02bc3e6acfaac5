"""After something was handed in: its links are looked at, a few times at most, and nobody waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from engagement.submissions.previews import LinkFacts, list_unseen_links, note_previews
from saas.core import clock
from saas.events.jobs import defer, job

from .errors import LinkAwayError, LinkRefusedError
from .fetching import Fetcher
from .reading import read_preview

QUEUE: Final = "housekeeping"
LOCK: Final = "link previews"  # one at a time a community, so that nobody's links keep the others' waiting
TRIES: Final = 3
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=15))
_fetcher = Fetcher()


@job(queue=QUEUE, lock=LOCK, priority=-10)
def preview_submission(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionHandedIn. Idempotent: a link that was looked at is not looked at again."""
    look_at_links(tenant, int(event["submission_id"]), tried=1)


@job(queue=QUEUE, lock=LOCK, priority=-20)
def try_again(*, tenant: str, submission_id: int, tried: int) -> None:
    """For the links whose servers did not answer."""
    look_at_links(tenant, submission_id, tried=tried)


def look_at_links(tenant: str, submission_id: int, *, tried: int, fetcher: Fetcher | None = None) -> None:
    """Fetch what has no preview yet and note it; what is away is tried TRIES times in all."""
    found: dict[str, LinkFacts | None] = {}
    away = False
    for url in list_unseen_links(submission_id=submission_id):
        try:
            preview = read_preview((fetcher or _fetcher).fetch(url))
        except LinkRefusedError:
            found[url] = None
        except LinkAwayError:
            away = True
            if tried >= TRIES:
                found[url] = None
        else:
            shown = LinkFacts(preview.host, preview.title, preview.description, preview.site)
            found[url] = shown if preview else None
    note_previews(submission_id=submission_id, found=found)
    if away and tried < TRIES:
        defer(
            try_again,
            tenant=tenant,
            run_at=clock.now() + WAITS[tried - 1],
            submission_id=submission_id,
            tried=tried + 1,
        )
