"""The catalogue as a table: out, and in again with every difference shown first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.files.errors import InvalidFileError
from engagement.rewards.catalogue import archive_reward, change_reward
from engagement.rewards.errors import CatalogueRunStateError
from engagement.rewards.exchange import (
    apply_table,
    begin_table,
    undo_table,
    work_on_table,
    write_catalogue,
)
from engagement.rewards.models import CatalogueRun, Reward
from engagement.rewards.sponsors import create_sponsor
from engagement.rewards.table_rows import COLUMNS
from saas.core.ids import new_ulid
from tenants.context import TenantContext, enter_tenant

from ...plans import put_on_plan
from .catalogues import ADA, make


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def look(context: TenantContext, data: str | bytes, key: str = "") -> CatalogueRun:
    given = data.encode() if isinstance(data, str) else data
    return begin_table(context=context, name="rewards.csv", data=given, actor=ADA, key=key or new_ulid())


def apply(context: TenantContext, run: CatalogueRun) -> CatalogueRun:
    apply_table(run_id=run.pk, actor=ADA)
    work_on_table(run_id=run.pk, context=context)
    run.refresh_from_db()
    return run


def acts(run: CatalogueRun) -> list[str]:
    return [line["act"] for line in run.lines]


def exported() -> list[dict[str, str]]:
    text = b"".join(write_catalogue()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_what_goes_out_comes_in_again_without_a_difference(acme: TenantContext) -> None:
    paying = put_on_plan(acme, features=("sponsors",), rewards=100)
    sponsor = create_sponsor(context=paying, facts={"name": "Initech"}, actor=ADA)
    make(
        paying, name="Mug", key="mug", description="Blue,\nround; “nice”", category="Merch", stock=5, low_stock=1,
        limit_count=2, limit_period="week", starts_at="2026-05-04T12:00:00+02:00", sponsor_id=sponsor.pk,
        eligibility={"level": 3, "days": 9, "roles": ["123456789012345678"], "figures": [{"name": "badges", "least": 2}]},
        approval="above", approval_above=50,
    )  # fmt: skip
    make(paying, "merchandise", settings={"options": ["S", "M"], "countries": ["DE", "AT"]})
    make(paying, "code", settings={"source": "generated", "prefix": "ACME-"})
    make(paying, "raffle", settings={"draws_at": "2030-01-01T00:00:00+00:00", "prize": "A mug"})
    make(paying, "partner", settings={"url": "https://example.com/?a=1"})
    make(paying, offered=False)
    archive_reward(reward_id=make(paying).pk, actor=ADA)

    run = look(acme, b"".join(write_catalogue()))

    assert set(acts(run)) == {"same"}, [line for line in run.lines if line["act"] != "same"]
    with pytest.raises(CatalogueRunStateError):
        apply_table(run_id=run.pk, actor=ADA)


def test_a_formula_leaves_as_text_and_comes_back_as_it_was(acme: TenantContext) -> None:
    make(acme, name='=cmd|"/C calc"!A0', key="evil", description="-1+1", category="@sum")

    (row,) = exported()
    assert (row["name"], row["description"], row["category"]) == ('\'=cmd|"/C calc"!A0', "'-1+1", "'@sum")
    assert acts(look(acme, b"".join(write_catalogue()))) == ["same"]


def test_differences_are_shown_and_nothing_is_changed_before_it_is_applied(acme: TenantContext) -> None:
    mug = make(acme, name="Mug", key="mug", price=50, category="Merch")
    table = "key,kind,name,price,state,settings.instructions\nmug,,Big mug,60,paused,\ntalk,custom,Talk,10,active,Call us.\n"
    table = table.replace("paused,\n", "paused,Come by.\n")

    run = look(acme, table)

    assert acts(run) == ["changed", "new"]
    assert run.lines[0]["fields"] == [
        ["state", "active", "paused"],
        ["name", "Mug", "Big mug"],
        ["price", "50", "60"],
        ["settings.instructions", "Say hello.", "Come by."],
    ]
    assert run.lines[1]["fields"] == [
        ["kind", "", "custom"],
        ["state", "", "active"],
        ["name", "", "Talk"],
        ["price", "", "10"],
        ["settings.instructions", "", "Call us."],
    ]
    assert Reward.objects.get().name == "Mug"

    apply(acme, run)
    apply(acme, run)

    mug.refresh_from_db()
    assert (run.state, mug.name, mug.price, mug.state, mug.category) == (
        "finished",
        "Big mug",
        60,
        "paused",
        "Merch",
    )
    assert Reward.objects.get(key="talk").state == "active"
    assert AuditEntry.objects.filter(action="reward.imported").count() == 1
    assert set(acts(look(acme, table))) == {"same"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mug,custom,Mug,0,", "whole number from 1"),
        ("mug,custom,Mug,1e3,", "whole number"),
        ("mug,custom,,5,", "needs its name"),
        ("mug,wish,Mug,5,", "no kind of reward"),
        ("mug,custom,=1+1,5,", "begins like a formula"),
        ("mug,custom,Mug,5,@x", "begins like a formula"),
        ("M U G,custom,Mug,5,", "small letters"),
        (",custom,Mug,5,", "small letters"),
        ("mug,custom,Mug,5,a,b,c", "7 cells"),
        ("one,partner,One,5,", "can't become"),
        ("mug,custom," + "x" * 200 + ",5,", "at most 80 characters"),
    ],
)
def test_a_wrong_line_is_named_and_left_out(acme: TenantContext, line: str, words: str) -> None:
    make(acme, key="one")
    run = look(acme, f"key,kind,name,price,category\n\n{line}\ngood,custom,Good,5,\n")

    assert acts(run) == ["wrong", "new"]
    assert (run.lines[0]["line"], words in run.lines[0]["problem"]) == (3, True), run.lines[0]
    apply(acme, run)
    assert set(Reward.objects.values_list("key", flat=True)) == {"one", "good"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"key,kind,name,price", "no line below"),
        (b"name,price\nMug,5", "“key” is missing"),
        (b"key,cost\nmug,5", "no column 'cost'"),
        (b"key,key\nmug,mug", "twice"),
        (b"PK\x03\x04xlsx", "Save it as CSV"),
        (b'key,name\nmug,"open', "can't be read"),
        (b"key\n" + b"\n".join(b"r%d" % number for number in range(2_001)), "2,000 are the most"),
    ],
)
def test_what_is_no_table_of_ours_is_refused(acme: TenantContext, data: bytes, words: str) -> None:
    with pytest.raises(InvalidFileError) as refused:
        look(acme, data)

    assert words in refused.value.message
    assert not CatalogueRun.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_other_encodings_and_separators_are_read(acme: TenantContext, encoding: str, mark: str) -> None:
    table = "key,kind,name,price\nmug,custom,Größe Ü,5\n".replace(",", mark)

    apply(acme, look(acme, table.encode(encoding)))

    assert Reward.objects.get().name == "Größe Ü"


def test_a_key_twice_counts_once(acme: TenantContext) -> None:
    run = look(acme, "key,kind,name,price\nmug,custom,Mug,5\nmug,custom,Other,6\n")

    assert acts(run) == ["new", "wrong"]
    assert "line 2 already" in run.lines[1]["problem"]


def test_it_is_all_or_nothing(acme: TenantContext) -> None:
    small = put_on_plan(acme, rewards=1)
    run = look(
        small,
        "key,kind,name,price,state,settings.instructions\na,custom,A,5,active,x\nb,custom,B,5,active,x\n",
    )

    apply(small, run)

    assert run.state == "failed"
    assert "Line 3" in run.problem
    assert "Nothing of the table was applied" in run.problem
    assert not Reward.objects.exists()


def test_a_stock_is_applied_by_its_difference(acme: TenantContext) -> None:
    make(acme, key="mug", stock=10)
    run = look(acme, "key,stock\nmug,15\n")
    Reward.objects.update(stock=8)

    apply(acme, run)

    assert Reward.objects.get().stock == 13


def test_it_is_taken_back_as_far_as_nobody_changed_it_since(acme: TenantContext) -> None:
    mug, cup = make(acme, key="mug", name="Mug", price=5), make(acme, key="cup", name="Cup", price=5)
    run = look(acme, "key,kind,name,price,state\nmug,,Mug,6,paused\ncup,,Cup,6,\nnew,custom,New,5,\n")
    apply(acme, run)
    change_reward(context=acme, reward_id=cup.pk, facts={"price": 7}, actor=ADA)

    left = undo_table(run_id=run.pk, context=acme, actor=ADA)

    mug.refresh_from_db()
    cup.refresh_from_db()
    assert left == ["Cup"]
    assert (mug.price, mug.state, cup.price) == (5, "active", 7)
    assert Reward.objects.get(key="new").state == "archived"
    assert undo_table(run_id=run.pk, context=acme, actor=ADA) == []


def test_a_column_that_is_left_out_stays_and_an_empty_cell_takes_away(acme: TenantContext) -> None:
    make(acme, key="mug", category="Merch", stock=5, description="Blue")

    apply(acme, look(acme, "key,category,stock\nmug,,\n"))

    reward = Reward.objects.get()
    assert (reward.category, reward.stock, reward.description) == ("", None, "Blue")


def test_every_column_is_one_of_a_reward(acme: TenantContext) -> None:
    make(acme)
    (row,) = exported()
    assert tuple(row) == COLUMNS


def test_an_unknown_sponsor_is_named(acme: TenantContext) -> None:
    run = look(acme, "key,kind,name,price,sponsor\nmug,custom,Mug,5,Nobody Inc\n")
    assert "no sponsor 'Nobody Inc'" in run.lines[0]["problem"]


def test_the_same_form_twice_is_one_table(acme: TenantContext) -> None:
    table: Any = "key,kind,name,price\nmug,custom,Mug,5\n"
    assert look(acme, table, key="k").pk == look(acme, table, key="k").pk
