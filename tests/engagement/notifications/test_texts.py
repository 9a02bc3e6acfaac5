"""The words of an announcement."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.notifications.texts import InvalidTextError, check_text, fill_text
from tenants.context import TenantContext, enter_tenant


@pytest.fixture
def in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def test_places_are_filled_once() -> None:
    text = check_text("Hey {member}, level {level}! {odd")
    assert fill_text(text, {"member": "{level}", "level": "5"}) == "Hey {level}, level 5! {odd"


@pytest.mark.parametrize("text", ["{name}", "a" * 501, "{}", "{member.password}", "{0}"])
def test_what_cannot_be_filled_is_refused(text: str) -> None:
    with pytest.raises(InvalidTextError):
        check_text(text)


@pytest.mark.usefixtures("in_acme")
def test_the_text_is_kept_until_it_is_changed_and_every_change_is_recorded() -> None:
    set_level_announcements(level_up="channel", text="Well done, {member}", actor=SYSTEM)
    set_level_announcements(level_up="dm", actor=SYSTEM)
    set_level_announcements(level_up="dm", actor=SYSTEM)
    assert get_notification_settings().text == "Well done, {member}"
    set_level_announcements(level_up="dm", text="", actor=SYSTEM)
    assert get_notification_settings().text == ""
    assert AuditEntry.objects.filter(action="announcements.changed").count() == 3
