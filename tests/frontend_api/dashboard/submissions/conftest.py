"""Acme with one kind of submission and a member who hands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.cast import ACME as CAST
from tests.frontend_api.hosts import ACME, Browser

if TYPE_CHECKING:
    from engagement.submissions.models import Submission, SubmissionType
    from tenants.context import TenantContext


@dataclass
class Room:
    """What a test of the review acts on."""

    browser: Browser
    context: TenantContext
    kind: SubmissionType
    member_id: int

    def hand(self, title: str = "A talk", **answers: Any) -> Submission:
        from tests.handing_in import hand

        return hand(self.context, self.kind, self.member_id, title, **answers)

    def get(self, path: str, **headers: str) -> Any:
        return self.browser.on(ACME).get(path, headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.browser.on(ACME).post(path, data or {}, headers=headers)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.content.decode()[:2_000]
        return str(answer.content.decode())

    def text(self, path: str) -> str:
        """What the page says, without its tags."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.page(path)).split())

    def again(self, submission: Submission) -> Submission:
        from engagement.submissions.models import Submission as Model
        from tenants.context import enter_tenant

        with enter_tenant(self.context):
            return Model.objects.select_related("type").get(pk=submission.pk)


@pytest.fixture
def room(pages: Browser, acme: TenantContext) -> Room:
    from tests.frontend_api.givers import give
    from tests.handing_in import make_kind

    member_id = give(acme, CAST.discord_id("member"), "Mia Member", 0)
    pages.sign_in("acme-moderator", path="/earn/")
    return Room(pages, acme, make_kind(acme), member_id)
