"""After something was handed in its links are looked at: once each, a few times where nobody answers, and never again after that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.submissions.models import Submission
from engagement.submissions.previews import previews_of
from engagement.submissions.reviewing import reject_submission
from engagement.submissions.types import change_type
from integrations.links.jobs import TRIES, look_at_links
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.submissions.forms import as_member, give, make_member, make_type
from tests.integrations.links.serving import dripping, fetcher, saying, serving
from tests.saas.events.material import read_jobs

FIELDS = [
    {"key": "what", "label": "What", "kind": "text"},
    {"key": "link", "label": "Link", "kind": "link", "required": False},
]
HEAD = b'<title>CRDTs</title><meta property="og:description" content="Without a server">'


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def handed_in(acme: TenantContext, link: str, **values: Any) -> Submission:
    kind = make_type(acme, fields=FIELDS, **values)
    return give(acme, kind, make_member(acme), answers={"what": "It", "link": link})


def look(acme: TenantContext, submission: Submission, tried: int = 1) -> list[dict[str, Any]]:
    look_at_links(acme.schema, submission.pk, tried=tried, fetcher=fetcher(seconds=0.3))
    submission.refresh_from_db()
    return [one for one in read_jobs() if one["task_name"] == "integrations.links.try_again"]


def test_a_link_is_looked_at_once(acme: TenantContext) -> None:
    with serving(saying(HEAD)) as server:
        submission = handed_in(acme, server.url("/a"))
        assert [look(acme, submission) for _ in range(2)] == [[], []]
        (shown,) = previews_of(submission)
        assert (shown.facts.title, shown.facts.description) == ("CRDTs", "Without a server")
        assert (shown.url, shown.facts.host) == (server.url("/a"), "page.example")
        assert len(server.asked) == 1
    assert TenantEvent.objects.filter(type="SubmissionPreviewed").count() == 1


def test_what_is_away_is_tried_again_and_then_left(acme: TenantContext) -> None:
    with serving(dripping(b"")) as server:
        submission = handed_in(acme, server.url())
        jobs = [look(acme, submission, tried) for tried in range(1, TRIES + 1)]
        assert [len(one) for one in jobs] == [1, 2, 2]
        assert [one["args"]["tried"] for one in jobs[-1]] == [2, 3]
        asked = len(server.asked)
        look(acme, submission)
        assert len(server.asked) == asked
    assert previews_of(submission) == []
    assert not TenantEvent.objects.filter(type="SubmissionPreviewed").exists()


def test_what_is_no_page_is_left_at_once(acme: TenantContext) -> None:
    with serving(saying(b"\x89PNG", kind="image/png")) as server:
        submission = handed_in(acme, server.url())
        assert look(acme, submission) == []
        assert look(acme, submission) == []
        assert len(server.asked) == 1


def test_a_kind_that_shows_none_fetches_none(acme: TenantContext) -> None:
    with serving(saying(HEAD)) as server:
        off = handed_in(acme, server.url("/a"), previews=False)
        assert look(acme, off) == []
        assert server.asked == []
        on = handed_in(acme, server.url("/b"))
        look(acme, on)
        change_type(context=acme, type_id=on.type_id, values={"previews": False}, actor=SYSTEM)
        on = Submission.objects.select_related("type").get(pk=on.pk)
        assert previews_of(on) == []


def test_what_is_decided_by_then_is_not_looked_at(acme: TenantContext) -> None:
    with serving(saying(HEAD)) as server:
        submission = handed_in(acme, server.url())
        reject_submission(context=acme, submission_id=submission.pk, actor=SYSTEM, reason="No")
        look(acme, submission)
        look_at_links(acme.schema, 999_999, tried=1, fetcher=fetcher())
        assert server.asked == []


def test_a_link_that_was_corrected_meanwhile_gets_its_own(acme: TenantContext) -> None:
    from engagement.submissions.handing_in import resubmit
    from engagement.submissions.reviewing import ask_for_info

    with serving(saying(HEAD)) as server:
        submission = handed_in(acme, server.url("/old"))
        look(acme, submission)
        ask_for_info(context=acme, submission_id=submission.pk, actor=SYSTEM, question="Which?")
        member = make_member(acme)
        resubmit(
            context=acme,
            submission_id=submission.pk,
            answers={"what": "It", "link": server.url("/new")},
            actor=SYSTEM,
        )
        submission.refresh_from_db()
        look(acme, submission)
        assert [one.url for one in previews_of(submission)] == [server.url("/new")]
        assert as_member(member).kind == "member"
