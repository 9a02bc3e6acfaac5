"""A trial is had once for a community and once for a Discord server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from billing import trials
from billing.jobs import carry_guild_trial
from billing.models import TrialClaim
from billing.plans import get_plan
from billing.trials import claim_trial, has_trial, release_trial, use_trial
from saas.events.jobs import PUBLIC
from tenants.models import GuildLink, Tenant
from tests.billing.making import attempted, tenant_of
from tests.cast import ACME, GLOBEX
from tests.limits.racing import ROUNDS

GROWTH = get_plan("growth")


def holders() -> dict[str, bool]:
    return dict(TrialClaim.objects.values_list("holder", "used"))


def move_guild() -> None:
    """Acme's server goes to Globex."""
    GuildLink.objects.filter(guild_id=GLOBEX.guild_id).update(state="unlinked")
    GuildLink.objects.filter(guild_id=ACME.guild_id).update(tenant=tenant_of(GLOBEX))


def test_a_claim_is_given_back_until_it_is_used(db: None) -> None:
    first, second = attempted(), attempted()
    assert has_trial(tenant=tenant_of(), plan=GROWTH)
    assert claim_trial(attempt=first)
    assert claim_trial(attempt=first)
    assert has_trial(tenant=tenant_of(), plan=GROWTH)  # its own open checkout may be left for another
    assert not claim_trial(attempt=second)
    assert release_trial(attempt=first) == 2
    assert claim_trial(attempt=second)
    use_trial(tenant=tenant_of())
    assert release_trial(attempt=second) == 0
    assert not claim_trial(attempt=first)
    assert not has_trial(tenant=tenant_of(), plan=GROWTH)
    assert holders() == {f"tenant:{tenant_of().pk}": True, f"guild:{ACME.guild_id}": True}


def test_a_server_that_moved_to_another_community_tries_no_second_time(db: None) -> None:
    use_trial(tenant=tenant_of())
    assert has_trial(tenant=tenant_of(GLOBEX), plan=GROWTH)
    move_guild()
    assert not has_trial(tenant=tenant_of(GLOBEX), plan=GROWTH)
    assert not claim_trial(attempt=attempted(GLOBEX))
    assert f"tenant:{tenant_of(GLOBEX).pk}" not in holders()


def test_a_claim_outlives_its_community(db: None) -> None:
    attempt = attempted()
    assert claim_trial(attempt=attempt)
    use_trial(tenant=attempt.tenant)
    attempt.delete()
    assert f"guild:{ACME.guild_id}" in holders()


def test_a_discord_community_tries_with_its_server_alone(db: None) -> None:
    GuildLink.objects.filter(guild_id=ACME.guild_id).update(state="unlinked")
    assert not has_trial(tenant=tenant_of(), plan=GROWTH)
    Tenant.objects.filter(pk=tenant_of().pk).update(kind="course")
    assert has_trial(tenant=tenant_of(), plan=get_plan("course"))
    assert not has_trial(tenant=tenant_of(), plan=get_plan("enterprise"))


def test_a_server_that_joins_a_community_after_its_trial_has_had_it_too(db: None) -> None:
    tenant = tenant_of()
    GuildLink.objects.filter(guild_id=ACME.guild_id).update(state="unlinked")
    event = {"tenant_id": tenant.pk, "guild_id": ACME.guild_id}
    carry_guild_trial(tenant=PUBLIC, event_id=1, event=event)
    assert holders() == {}
    use_trial(tenant=tenant)
    GuildLink.objects.filter(guild_id=ACME.guild_id).update(state="active")
    carry_guild_trial(tenant=PUBLIC, event_id=2, event=event)
    assert holders() == {f"tenant:{tenant.pk}": True, f"guild:{ACME.guild_id}": True}


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_checkouts_at_once_claim_one_trial(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, guarded: bool, rounds: int
) -> None:
    """Without the constraint's say both would have it."""
    together = threading.Barrier(2, timeout=30)
    if not guarded:

        def look_first(*, attempt: object) -> bool:
            free = not TrialClaim.objects.exists()
            together.wait()
            return free

        monkeypatch.setattr(trials, "claim_trial", look_first)

    def claim(attempt: object) -> bool:
        try:
            if guarded:
                together.wait()
            return trials.claim_trial(attempt=attempt)  # type: ignore[arg-type]
        finally:
            connections.close_all()

    for _ in range(rounds):
        attempts = [attempted(), attempted()]
        with ThreadPoolExecutor(2) as pool:
            won = list(pool.map(claim, attempts))
        assert sum(won) == (1 if guarded else 2)
        TrialClaim.objects.all().delete()
