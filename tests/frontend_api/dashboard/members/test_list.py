"""The list of members: searched, filtered, sorted, paged, exported, in as many queries at 10 rows as at 10,000."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import give, hide
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/dashboard/members/"


def look(pages: Browser, **asked: object) -> str:
    return text_of(pages.on(ACME).get(f"{PATH}?{urlencode(asked, doseq=True)}"))


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path=PATH)
    return pages


def people(context: TenantContext, count: int) -> None:
    """`count` members at once, each with every row that a member has."""
    with enter_tenant(context), connection.cursor() as cursor:
        cursor.execute(
            "WITH new AS (INSERT INTO member (display_name, role_ids) SELECT 'Crowd ' || lpad(n::text, 6, '0'), '[]' "
            "FROM generate_series(1, %s) n RETURNING id), "
            "a AS (INSERT INTO ledger_balance (member_id, currency, current, lifetime, debt) SELECT id, 0, 0, 0, 0 FROM new), "
            "b AS (INSERT INTO member_progress (member_id, level, usage) SELECT id, 0, '{}' FROM new) "
            "INSERT INTO standing (member_id, ranked, joined_at, all_score, season_score, month_score, week_score) "
            "SELECT id, true, now(), 0, 0, 0, 0 FROM new",
            [count],
        )


def test_it_shows_who_is_there_best_first(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 10)
    give(acme, 2, "Bea", 1_284)
    text = look(desk)
    assert text.index("Bea") < text.index("Ada")
    assert "1,284" in text


def test_it_is_sorted_by_what_the_address_says(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 10)
    give(acme, 2, "Bea", 1_284)
    for sort in ("name", "level", "joined", "active", "points"):
        text = look(desk, sort=sort)
        assert text.index(">Ada<") < text.index(">Bea<"), sort
    assert 'aria-sort="descending"' in look(desk, sort="-name")


@pytest.mark.parametrize("text", ["ada", "LOVE", "lovelace ad", "80001"])
def test_the_search_finds_by_name_word_and_identity(desk: Browser, acme: TenantContext, text: str) -> None:
    give(acme, 80001, "Ada Lovelace", 10)
    give(acme, 80002, "Bea", 10)
    found = look(desk, q=text)
    assert "Ada Lovelace" in found
    assert ">Bea<" not in found


@pytest.mark.parametrize(
    "text",
    ["%", "_", "\\", "'", "<script>alert(1)</script>", "\x00", "&|!:*()", "\u202egnp.exe", "x" * 5_000],
)
def test_hostile_searches_find_nothing_and_break_nothing(
    desk: Browser, acme: TenantContext, text: str
) -> None:
    give(acme, 1, "Ada", 10)
    found = look(desk, q=text)
    assert "<script>alert" not in found
    assert "Ada" not in found or text == "\x00"


def test_filters_narrow_and_are_chips_that_can_be_removed(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 10)
    hide(acme, give(acme, 2, "Bea", 1_284))
    text = look(desk, points_min=100, shown="hidden")
    assert ">Bea<" in text
    assert ">Ada<" not in text
    assert "Points: from 100" in text
    assert f'href="{PATH}?shown=hidden"' in text
    assert ">Bea<" not in look(desk, points_max=100)
    assert ">Bea<" not in look(desk, joined_from="2100-01-01")
    assert ">Bea<" in look(desk, active_from="")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"level_min": "many"}, "is no whole number"),
        ({"level_min": "9", "level_max": "3"}, "begin with the smaller number"),
        ({"joined_from": "yesterday"}, "is no day"),
        ({"points_min": "9" * 40}, "too large"),
        ({"joined_from": "0001-01-01"}, "between 1970 and 2200"),
    ],
)
def test_a_filter_that_cannot_be_read_is_said_and_left_out(
    desk: Browser, acme: TenantContext, asked: dict[str, str], said: str
) -> None:
    give(acme, 1, "Ada", 10)
    text = look(desk, **asked)
    assert said in text
    assert ">Ada<" in text


def test_every_row_is_on_exactly_one_page_forwards_and_back(desk: Browser, acme: TenantContext) -> None:
    people(acme, 120)
    seen, address = [], f"{PATH}?sort=-level"
    pages_seen = []
    while address:
        answer = desk.on(ACME).get(address)
        view = answer.context["list"]
        pages_seen.append([row.member_id for row in view.rows])
        seen += pages_seen[-1]
        back, address = view.previous, view.next
    assert len(seen) == len(set(seen)) == answer.context["list"].total
    assert len(pages_seen) == 3
    assert [row.member_id for row in desk.on(ACME).get(back).context["list"].rows] == pages_seen[-2]


@pytest.mark.parametrize("cursor", ["x", "W10", "e30", "WzEsMV0", "9" * 2_000, "WyJhIiwgInoiXQ"])
def test_a_mangled_place_shows_the_first_page(desk: Browser, acme: TenantContext, cursor: str) -> None:
    give(acme, 1, "Ada", 10)
    assert ">Ada<" in look(desk, after=cursor, sort="name")


def test_the_queries_are_as_many_at_10_rows_as_at_10_000(desk: Browser, acme: TenantContext) -> None:
    people(acme, 10)
    look(desk)
    counts = []
    for more in (0, 10_000):
        people(acme, more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            look(desk, q="crowd", level_min=0, sort="name")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_htmx_variant_is_the_list_alone(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 10)
    answer = desk.on(ACME).get(PATH, headers={"HX-Request": "true", "HX-Target": "list"})
    assert "<html" not in text_of(answer)
    assert 'id="list-status"' in text_of(answer)


def test_columns_are_chosen_in_the_address(desk: Browser, acme: TenantContext) -> None:
    give(acme, 80001, "Ada", 10)
    assert "80001" not in look(desk)
    text = look(desk, col=["name", "discord"])
    assert "80001" in text
    assert "Last active</a>" not in text


def test_the_csv_has_what_the_list_asks_for_and_no_formula(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, '=HYPERLINK("http://evil")', 10)
    give(acme, 2, "Bea", 20)
    answer = desk.on(ACME).get(f"{PATH}export.csv?points_max=10&col=name&col=points")
    assert answer["Content-Disposition"].startswith('attachment; filename="acme-members-')
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert lines[0] == ["Member", "Points"]
    assert ['\'=HYPERLINK("http://evil")', "10"] in lines
    assert not [line for line in lines if "Bea" in line]


def test_an_export_reads_piece_by_piece(desk: Browser, acme: TenantContext) -> None:
    people(acme, 2_500)
    answer = desk.on(ACME).get(f"{PATH}export.json?col=name&q=crowd&sort=name")
    pieces = list(answer.streaming_content)
    assert len(pieces) == 3
    names = [row["name"] for row in json.loads(b"".join(pieces))]
    assert len(names) == len(set(names)) == 2_500
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("username", "seen", "exported"),
    [("acme-moderator", 200, 200), ("acme-member", 403, 403), ("", 302, 302), ("globex-owner", 403, 403)],
)
def test_who_may_see_and_export(pages: Browser, username: str, seen: int, exported: int) -> None:
    if username:
        pages.sign_in(username, path="/earn/")
    assert pages.on(ACME).get(PATH).status_code == seen
    assert pages.on(ACME).get(f"{PATH}export.csv").status_code == exported


def test_a_view_is_saved_shared_and_removed(desk: Browser, acme: TenantContext) -> None:
    form = {
        "list": "members",
        "path": PATH,
        "query": "level_min=3&after=x",
        "name": "Regulars",
        "shared": "1",
    }
    answer = desk.on(ACME).post("/dashboard/views/", form, follow=True)
    assert answer.redirect_chain == [(f"{PATH}?level_min=3", 302)]
    assert "“Regulars” is saved" in text_of(answer)
    colleague = Browser()
    colleague.sign_in("acme-moderator", path=PATH)
    assert "Regulars" in look(colleague)
    (view,) = desk.on(ACME).get(PATH).context["list"].views
    assert colleague.on(ACME).post(f"/dashboard/views/{view.view_id}/remove/", {}).status_code == 404
    desk.on(ACME).post(f"/dashboard/views/{view.view_id}/remove/", {"back": PATH})
    assert "Regulars" not in look(colleague).replace("“Regulars”", "")


def test_a_view_cannot_lead_elsewhere(desk: Browser) -> None:
    form = {"list": "members", "path": "//evil.example/dashboard/", "query": "", "name": "x"}
    assert desk.on(ACME).post("/dashboard/views/", form)["Location"].startswith("/dashboard/")


def test_discord_roles_are_a_filter_by_name(
    desk: Browser, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Discord told last stands in the cache, as the bot's pages left it."""
    from engagement.members.models import Member
    from frontend_api.dashboard.members import listing
    from integrations.discord.directory import Directory, RoleLine

    monkeypatch.setattr(
        listing, "get_directory", lambda context: Directory(roles=(RoleLine("5", "Staff <b>"),))
    )
    member_id = give(acme, 1, "Ada", 10)
    give(acme, 2, "Bea", 10)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(role_ids=["5"])
    text = look(desk, role="5")
    assert ">Ada<" in text
    assert ">Bea<" not in text
    assert "Discord role: Staff &lt;b&gt;" in text
