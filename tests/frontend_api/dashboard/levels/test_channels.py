"""Which channels of Discord hear of what waits for the team, and of members' news."""

from __future__ import annotations

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_notice_channel
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser

CHANNEL = "600000000000000123"


def test_both_channels_are_chosen_on_one_page_and_recorded(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner")
    page = pages.on(ACME).get("/dashboard/announcements/team/")
    assert b"For members who take no direct messages" in page.content
    wrong = pages.on(ACME).post("/dashboard/announcements/team/", {"notice_channel_id": "everywhere"})
    assert wrong.status_code in {200, 422}
    with enter_tenant(acme):
        assert get_notification_settings().notice_channel_id is None
        for _ in range(2):
            set_notice_channel(channel_id=int(CHANNEL), actor=SYSTEM)
        assert AuditEntry.objects.filter(action="notice_channel.changed").count() == 1
    # A channel that stands there may stay, though Discord does not list it now
    kept = pages.on(ACME).post("/dashboard/announcements/team/", {"notice_channel_id": CHANNEL})
    assert kept.status_code == 302
    with enter_tenant(acme):
        assert get_notification_settings().notice_channel_id == int(CHANNEL)
