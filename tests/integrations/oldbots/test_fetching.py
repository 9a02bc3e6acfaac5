"""Levels read from each bot's own address: every page, and what is said when it does not tell."""

from __future__ import annotations

import pytest
from django.db import connection

from engagement.imports.errors import InvalidImportError
from engagement.imports.models import ImportRow, ImportRun
from engagement.imports.services import cancel_import, create_import
from integrations.oldbots import client
from integrations.oldbots.jobs import fetch_old_bot
from integrations.oldbots.services import fetch_import
from ops.sandbox.oldbots.boards import LOCAL_KEY
from tenants.context import TenantContext, enter_tenant
from tests.engagement.imports.bringing import ACTOR

from .conftest import OldBots

pytestmark = pytest.mark.usefixtures("committed_db")


def fetch(context: TenantContext, source: str, key: str = "") -> ImportRun:
    run = create_import(source=source, actor=ACTOR)
    fetch_import(import_id=run.pk, key=key, context=context)
    connection.set_schema_to_public()  # type: ignore[attr-defined]  # as a worker's thread begins
    fetch_old_bot(tenant=context.schema, import_id=run.pk)
    connection.set_schema(context.schema)  # type: ignore[attr-defined]
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("source", "key", "pages"),
    [
        ("mee6", "", 3),
        ("polaris", "", 24),
        ("lurkr", "", 24),
        ("amari", LOCAL_KEY, 3),
        ("tatsu", LOCAL_KEY, 24),
    ],
)
def test_every_member_of_every_page(
    acme: TenantContext, oldbots: OldBots, source: str, key: str, pages: int
) -> None:
    with enter_tenant(acme):
        run = fetch(acme, source, key)

        assert (run.state, run.rows, run.errors, run.problem) == ("ready", 2_345, 0, "")
        assert len(oldbots.asked) == pages
        best = ImportRow.objects.order_by("id")[0]
        assert (best.old_xp, best.external_id) == (23_450, "800000000000002345")
        assert run.secret == ""
        if source in {"mee6", "polaris", "lurkr"}:
            assert [reward["level"] for reward in run.role_rewards] == [5]


def test_busy_addresses_are_asked_again(acme: TenantContext, oldbots: OldBots) -> None:
    oldbots.fail(503, 429, 502)
    with enter_tenant(acme):
        run = fetch(acme, "mee6")

    assert (run.state, run.rows, len(oldbots.asked)) == ("ready", 2_345, 6)


@pytest.mark.parametrize(
    ("statuses", "body", "said"),
    [
        ([500] * client.TRIES, None, "too busy .status 500.. It was asked 5 times"),
        ([302], None, "moved to another address"),
        ([401], None, "keeps your leaderboard private"),
        ([404], None, "knows no leaderboard of your server"),
        ([418], None, "refused to tell .status 418."),
        ([200], "<html>", "a page for people"),
        ([200], "[1, 2]", "another shape"),
        ([200], '{"players": {"a": 1}}', "another shape"),
        ([200], '{"players": []}', "Nobody is in there"),
        ([200], '{"players": [{"id": "x", "xp": 1}]}', "None of the 1 lines can be used"),
    ],
)
def test_what_is_said_when_it_does_not_tell(
    acme: TenantContext, oldbots: OldBots, statuses: list[int], body: str | None, said: str
) -> None:
    oldbots.fail(*statuses, body=body)
    with enter_tenant(acme):
        run = fetch(acme, "mee6")

        assert run.state == "failed"
        with pytest.raises(AssertionError, match=said):
            raise AssertionError(run.problem)
        assert not ImportRow.objects.exists()


def test_an_answer_that_is_too_large_is_not_read(
    acme: TenantContext, oldbots: OldBots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 1_000)
    with enter_tenant(acme):
        assert "more than we read at once" in fetch(acme, "mee6").problem


def test_a_key_that_is_wrong_and_a_private_board(acme: TenantContext, oldbots: OldBots) -> None:
    with enter_tenant(acme):
        assert "does not accept this key" in fetch(acme, "amari", "wrong").problem
        oldbots.board.private = True
        assert "private" in fetch(acme, "lurkr").problem


@pytest.mark.parametrize("key", ["", "  ", "ü", "a\nb", "x" * 300])
def test_a_key_that_cannot_be_one_is_refused_at_once(acme: TenantContext, key: str) -> None:
    with enter_tenant(acme):
        run = create_import(source="tatsu", actor=ACTOR)
        with pytest.raises(InvalidImportError, match="asks for an API key"):
            fetch_import(import_id=run.pk, key=key, context=acme)


def test_the_key_is_sealed_while_it_waits_and_forgotten_after(acme: TenantContext, oldbots: OldBots) -> None:
    with enter_tenant(acme):
        run = create_import(source="amari", actor=ACTOR)
        fetch_import(import_id=run.pk, key=LOCAL_KEY, context=acme)
        run.refresh_from_db()
        assert run.secret
        assert LOCAL_KEY not in run.secret

        fetch_old_bot(tenant=acme.schema, import_id=run.pk)

        run.refresh_from_db()
        assert (run.secret, run.state) == ("", "ready")


def test_a_bot_that_knows_no_pages_ends(acme: TenantContext, oldbots: OldBots) -> None:
    page = '{{"players": [{}]}}'.format(
        ", ".join(f'{{"id": "80000000000000{n:04}", "xp": 5}}' for n in range(1_000))
    )
    oldbots.fail(200, 200, 200, body=page)
    with enter_tenant(acme):
        run = fetch(acme, "mee6")

    assert (run.rows, len(oldbots.asked)) == (1_000, 2)


def test_cancelled_while_it_is_fetched(acme: TenantContext, oldbots: OldBots) -> None:
    with enter_tenant(acme):
        run = create_import(source="mee6", actor=ACTOR)
        fetch_import(import_id=run.pk, context=acme)
        cancel_import(import_id=run.pk, actor=ACTOR, context=acme)

        fetch_old_bot(tenant=acme.schema, import_id=run.pk)

        run.refresh_from_db()
        assert (run.state, ImportRow.objects.count(), len(oldbots.asked)) == ("cancelled", 0, 0)


def test_without_a_server_there_is_nobody_to_ask_for(acme: TenantContext) -> None:
    from dataclasses import replace

    with enter_tenant(acme):
        run = create_import(source="mee6", actor=ACTOR)
        with pytest.raises(InvalidImportError, match="No Discord server is linked"):
            fetch_import(import_id=run.pk, context=replace(acme, guild_id=None))
