"""me/notices: one's own, by cursor, read up to one, and what one does not want to hear of."""

from __future__ import annotations

from collections.abc import Callable

from engagement.notifications.notices import Told, tell_members
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.v1.asking import Api, code_of

People = Callable[[str], Api]


def test_a_member_reads_their_news(person: People, acme: TenantContext) -> None:
    member_id = give(acme, CAST.discord_id("member"), "Mia", 10)
    with enter_tenant(acme):
        tell_members(
            [Told(member_id, "reward_ready", {"reward": f"Mug {n}", "id": n}, f"k{n}") for n in range(5)]
        )
    mia = person("acme-member")
    page = mia.get("me/notices?limit=3").json()
    assert [one["about_id"] for one in page["items"]] == [4, 3, 2]
    assert page["items"][0]["text"] == "“Mug 4” is ready."
    rest = mia.get(f"me/notices?language=de&cursor={page['next_cursor']}").json()
    assert [one["text"] for one in rest["items"]] == ["„Mug 1“ ist bereit.", "„Mug 0“ ist bereit."]
    assert mia.get("me/notices/state").json() == {"unread": 5, "quiet": []}
    # What came after the third stays unread
    assert mia.post("me/notices/read", {"upto": page["items"][2]["id"]}).json()["unread"] == 2
    assert mia.put("me/notices/state", {"quiet": ["dm"]}).json() == {"unread": 2, "quiet": ["dm"]}
    assert mia.put("me/notices/state", {"quiet": ["reward_ready"]}).status_code == 422
    assert mia.post("me/notices/read").json()["unread"] == 0


def test_who_is_no_member_is_told_so(person: People, api: Api) -> None:
    answer = person("acme-owner").get("me/notices")
    assert answer.status_code == 404
    assert code_of(answer) == "not_a_member"
    assert api.get("me/notices").status_code == 401
