"""Feature flags: who has one, without a query; and that every process hears of a change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from saas.core import clock
from tenants import flags
from tenants.context import TenantContext
from tenants.entitlements import Entitlements, Phase
from tenants.errors import BadFlagError, FlagChangedError, FlagNotFoundError
from tenants.flagging import KEPT, change_flag, get_flag, list_flags
from tenants.flags import FLAGS, Rollout, has_it, hold_rollouts, is_on, place_of
from tenants.routing import Routing, get_routing

NAME = "drawn_cards"


def community(number: int, kind: str = "discord", plan: str = "") -> TenantContext:
    phases = (Phase(clock.now(), frozenset(), {}, plan),) if plan else ()
    return TenantContext(
        number, f"t_{number}", f"c{number}", f"C {number}", "UTC", 0, "en", "points", "#000000", True, kind=kind,
        entitlements=Entitlements(1, phases),
    )  # fmt: skip


def test_every_flag_says_whose_it_is_and_what_for() -> None:
    for flag in FLAGS.values():
        assert flag.owner
        assert flag.purpose.endswith(".")


def test_without_a_setting_the_declaration_holds() -> None:
    assert is_on(NAME, community(1)) is FLAGS[NAME].default
    with pytest.raises(KeyError):
        is_on("mind_reading", community(1))


def test_asking_needs_no_query(db: None, django_assert_num_queries: Any) -> None:
    hold_rollouts({NAME: Rollout(True, 50)})
    with django_assert_num_queries(0):
        for number in range(100):
            is_on(NAME, community(number))


def test_a_larger_percentage_only_adds_communities() -> None:
    everybody = [community(number) for number in range(2_000)]
    had: set[int] = set()
    for percentage in (0, 1, 10, 50, 99, 100):
        have = {one.tenant_id for one in everybody if has_it(NAME, Rollout(True, percentage), one)}
        assert had <= have
        assert abs(len(have) - 20 * percentage) < 100
        had = have
    assert len(had) == 2_000


def test_a_place_is_the_flag_s_own_and_stays_for_ever() -> None:
    assert [place_of(NAME, number) for number in (1, 2, 3)] == [433, 3136, 1273]
    assert [place_of("another", number) for number in (1, 2, 3)] != [
        place_of(NAME, number) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("rollout", "context", "has"),
    [
        (Rollout(True), community(1), True),
        (Rollout(False), community(1), False),
        (Rollout(True, 0), community(1), False),
        (Rollout(False, always=frozenset({1})), community(1), True),
        (Rollout(True, never=frozenset({1})), community(1), False),
        (Rollout(True, kinds=frozenset({"course"})), community(1), False),
        (Rollout(True, kinds=frozenset({"course"})), community(1, "course"), True),
        (Rollout(True, plans=frozenset({"pro"})), community(1, plan="pro"), True),
        (Rollout(True, plans=frozenset({"pro"})), community(1, plan="growth"), False),
        (Rollout(True, plans=frozenset({"free"})), community(1), True),
    ],
)
def test_who_has_it(rollout: Rollout, context: TenantContext, has: bool, settings: Any) -> None:
    settings.BILLING_ON = True
    assert has_it(NAME, rollout, context) is has


def test_where_nothing_is_sold_plans_narrow_nothing(settings: Any) -> None:
    settings.BILLING_ON = False
    assert has_it(NAME, Rollout(True, plans=frozenset({"pro"})), community(1))


def test_a_change_is_kept_with_who_made_it(db: None, acme: TenantContext) -> None:
    assert get_flag(name=NAME).version == 0
    changed = change_flag(name=NAME, rollout=Rollout(True, 20), by="Ada")
    assert changed.rollout.words == "on for 20 % of the communities"
    assert change_flag(name=NAME, rollout=Rollout(True, 20), by="Grace").version == 1
    change_flag(name=NAME, rollout=Rollout(False, always=frozenset({acme.tenant_id})), by="Grace", version=1)
    [state] = list_flags()
    assert state.rollout.words == "off, on for 1 by name"
    assert state.setting is not None
    assert [(one["by"], one["after"]["percentage"]) for one in state.setting.history] == [
        ("Grace", 100),
        ("Ada", 20),
    ]
    for number in range(KEPT + 5):
        change_flag(name=NAME, rollout=Rollout(True, number), by="A loop")
    state = get_flag(name=NAME)
    assert state.setting is not None
    assert len(state.setting.history) == KEPT


def test_of_two_who_change_the_same_the_second_is_told(db: None) -> None:
    change_flag(name=NAME, rollout=Rollout(True, 20), by="Ada", version=0)
    with pytest.raises(FlagChangedError):
        change_flag(name=NAME, rollout=Rollout(True, 30), by="Grace", version=0)
    assert get_flag(name=NAME).rollout.percentage == 20


def test_what_makes_no_sense_is_refused(db: None, acme: TenantContext) -> None:
    mine = frozenset({acme.tenant_id})
    for rollout in (
        Rollout(True, 101),
        Rollout(True, -1),
        Rollout(True, kinds=frozenset({"club"})),
        Rollout(True, always=frozenset({10**9})),
        Rollout(True, always=mine, never=mine),
        Rollout(True, always=frozenset(range(1, 600))),
    ):
        with pytest.raises(BadFlagError):
            change_flag(name=NAME, rollout=rollout, by="Ada")
    with pytest.raises(FlagNotFoundError, match="There are: drawn_cards"):
        change_flag(name="mind_reading", rollout=Rollout(True), by="Ada")
    assert get_flag(name=NAME).setting is None


@pytest.fixture
def another_process(committed_db: None, redis_cache: Redis) -> Iterator[Routing]:
    made = Routing()
    loaded = threading.Event()
    made.on_change(loaded.set)
    made.start()
    assert loaded.wait(60)
    yield made
    made.stop()


def test_every_process_hears_of_a_change(
    another_process: Routing, monkeypatch: pytest.MonkeyPatch, acme: TenantContext
) -> None:
    heard = threading.Event()
    read = flags.read_rollouts

    def notice() -> dict[str, Rollout]:
        found = read()
        if threading.current_thread().name == "routing" and found:
            heard.set()
        return found

    monkeypatch.setattr("tenants.routing.read_rollouts", notice)
    monkeypatch.setattr(another_process, "load", lambda: pytest.fail("read everything"))
    change_flag(name=NAME, rollout=Rollout(False), by="Ada")
    assert not is_on(NAME, acme)  # here at once
    assert heard.wait(30)


def test_a_process_that_starts_later_reads_it_with_its_map(committed_db: None, acme: TenantContext) -> None:
    change_flag(name=NAME, rollout=Rollout(False), by="Ada")
    hold_rollouts({})
    assert is_on(NAME, acme)
    get_routing().load()
    assert not is_on(NAME, acme)
    assert not is_on(NAME, replace(acme, kind="brand"))
