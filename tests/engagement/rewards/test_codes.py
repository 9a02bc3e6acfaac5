"""Pools of codes: what is taken, told and sealed, and how it goes on after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.files.errors import InvalidFileError
from engagement.files.models import FilePiece, StoredFile
from engagement.rewards import codes as module
from engagement.rewards.codes import PURPOSE, begin_code_import, count_codes, withdraw_codes, work_on_codes
from engagement.rewards.errors import InvalidRewardError, RewardNotFoundError
from engagement.rewards.models import CatalogueRun, Reward, RewardCode
from saas.core.crypto import unseal
from saas.core.ids import new_ulid
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .catalogues import ADA, make


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


@pytest.fixture
def pool(acme: TenantContext) -> Reward:
    return make(acme, "code", name="Voucher")


def bring(reward: Reward, data: bytes | str, key: str = "") -> CatalogueRun:
    given = data if isinstance(data, bytes) else data.encode()
    run = begin_code_import(
        reward_id=reward.pk, name="codes.csv", data=given, actor=ADA, key=key or new_ulid()
    )
    work_on_codes(run_id=run.pk)
    run.refresh_from_db()
    reward.refresh_from_db()
    return run


def stored() -> list[str]:
    return sorted(unseal(code.sealed, purpose=PURPOSE) for code in RewardCode.objects.all())


def test_codes_are_sealed_and_become_the_stock(pool: Reward) -> None:
    run = bring(pool, "AAA-111\nBBB-222\r\n\n  CCC-333  \n")

    assert (run.state, run.added, run.done, run.total) == ("finished", 3, 3, 3)
    assert (pool.stock, count_codes(reward_id=pool.pk)["free"]) == (3, 3)
    assert stored() == ["AAA-111", "BBB-222", "CCC-333"]
    assert not any("AAA" in code.sealed or b"AAA" in bytes(code.digest) for code in RewardCode.objects.all())
    assert AuditEntry.objects.get(action="reward.codes_added").after == {"codes": 3}
    assert TenantEvent.objects.filter(type="RewardChanged").count() == 1


def test_the_list_itself_is_never_kept_in_clear(pool: Reward) -> None:
    begin_code_import(reward_id=pool.pk, name="x", data=b"SECRET-CODE-1", actor=ADA, key="k")

    assert not any(b"SECRET" in bytes(piece.data) for piece in FilePiece.objects.all())
    work_on_codes(run_id=CatalogueRun.objects.get().pk)
    assert not StoredFile.objects.filter(kept=True).exists()


def test_doubles_and_wrong_lines_are_told_by_their_line_and_not_in_clear(pool: Reward) -> None:
    bring(pool, "AAAAAAAA-1111\nBBBBBBBB-2222")
    run = bring(pool, "code,note\nAAAAAAAA-1111,x\nCCCCCCCC-3333,\nCCCCCCCC-3333,\nx,\n" + "y" * 300 + ",")

    assert (run.added, run.repeated, run.wrong) == (1, 2, 2)
    told = {one["line"]: one["text"] for one in run.problems}
    assert told[2] == "…1111 is in the pool already."
    assert told[4] == "…3333 stands in the list twice; it was taken once."
    assert "3 to 200 characters; this has 1" in told[5]
    assert "300" in told[6]
    assert pool.stock == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_other_encodings_are_read(pool: Reward, encoding: str) -> None:
    bring(pool, "Gutschein-Ä1\nGutschein-Ö2".encode(encoding))

    assert stored() == ["Gutschein-Ä1", "Gutschein-Ö2"]


@pytest.mark.parametrize(
    "data", [b"", b" \n \n", b"PK\x03\x04zip", b"\x89PNG\r\n", b"abc\x00\x01\x02defghijkl", b"code\n"]
)
def test_what_is_no_list_is_refused(pool: Reward, data: bytes) -> None:
    with pytest.raises(InvalidFileError):
        bring(pool, data)

    assert not RewardCode.objects.exists()


def test_a_reward_without_a_pool_takes_none(acme: TenantContext) -> None:
    made = make(acme, "code", settings={"source": "generated"})
    for reward in (made, make(acme)):
        with pytest.raises(InvalidRewardError):
            bring(reward, "AAA-111")
    with pytest.raises(RewardNotFoundError):
        begin_code_import(reward_id=10**12, name="x", data=b"AAA", actor=ADA, key="k")


def test_the_same_form_twice_brings_them_once(pool: Reward) -> None:
    first, second = bring(pool, "AAA-111", key="form"), bring(pool, "AAA-111", key="form")

    assert (first.pk, pool.stock) == (second.pk, 1)


def test_interrupted_between_two_batches_it_goes_on_where_it_was(
    pool: Reward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 10)
    real, calls = module._bring_batch, []

    def dies(run_id: int, codes: Any) -> bool:
        calls.append(run_id)
        if len(calls) == 3:
            raise SystemExit
        return real(run_id, codes)

    monkeypatch.setattr(module, "_bring_batch", dies)
    with pytest.raises(SystemExit):
        bring(pool, "\n".join(f"CODE-{number:04}" for number in range(45)))
    run = CatalogueRun.objects.get()
    assert (run.done, run.added, RewardCode.objects.count()) == (20, 20, 20)
    monkeypatch.setattr(module, "_bring_batch", real)

    work_on_codes(run_id=run.pk)
    work_on_codes(run_id=run.pk)

    run.refresh_from_db()
    pool.refresh_from_db()
    assert (run.state, run.added, pool.stock, RewardCode.objects.count()) == ("finished", 45, 45, 45)


def test_ten_thousand_come_in_with_a_few_queries(pool: Reward, django_assert_max_num_queries: Any) -> None:
    """In seconds, that is: a query a code would take minutes."""
    data = "\n".join(f"SUMMER-{number:06}-{number * 7919 % 100_003:06}" for number in range(10_000))

    with django_assert_max_num_queries(120):
        run = bring(pool, data)

    assert (run.added, pool.stock) == (10_000, 10_000)


def test_codes_that_nobody_has_are_withdrawn_and_promised_ones_stay(pool: Reward) -> None:
    bring(pool, "AAA-111\nBBB-222\nCCC-333")
    Reward.objects.update(reserved=2)

    assert withdraw_codes(reward_id=pool.pk, count=5, actor=ADA) == 1

    pool.refresh_from_db()
    assert (pool.stock, count_codes(reward_id=pool.pk)) == (2, {"free": 2, "given": 0, "withdrawn": 1})
    for wrong in (0, -1, 10**12):
        with pytest.raises(InvalidRewardError):
            withdraw_codes(reward_id=pool.pk, count=wrong, actor=ADA)
