"""Each known way to land in the wrong tenant: first shown to happen, then shown closed by the house's one way in.

The naive halves are not decoration: a test of isolation that cannot see the leak proves nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import ProgrammingError, connection, connections, transaction
from django_tenants.utils import schema_context

from engagement.members.models import Member
from saas.core.schemas import BadSchemaNameError, enter_schema
from saas.events.jobs import defer
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import SEEN, note

Names = list[str]


def names() -> Names:
    return sorted(Member.objects.values_list("display_name", flat=True))


def add(context: TenantContext, *people: str) -> None:
    with enter_tenant(context):
        Member.objects.bulk_create([Member(display_name=name) for name in people])


@pytest.fixture
def people(committed_db: None, acme: TenantContext, globex: TenantContext) -> None:
    add(acme, "Ada")
    add(globex, "Grace")


def in_thread(act: Callable[[], Any]) -> Any:
    """Run `act` to its end in a thread of its own."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(act())
        except BaseException as error:
            found.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def run_apart(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine on an event loop of its own, in its own thread."""

    async def closing() -> Any:
        try:
            return await make()
        finally:
            await sync_to_async(connections.close_all)()

    return in_thread(lambda: asyncio.run(closing()))


def put_in_hand(schema: str) -> None:
    """What `schema_context` does, in whichever thread this runs."""
    connection.set_schema(schema)  # type: ignore[attr-defined]


def unit(context: TenantContext) -> Names:
    """The house's way: one synchronous function per unit of work, which enters the schema inside."""
    with enter_tenant(context):
        return names()


# --- a schema set around an await -------------------------------------------------------------------------------------


def test_a_schema_set_around_an_await_queries_another_threads(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    async def naive() -> Names:
        # The worker thread was left on globex by somebody's earlier unit.
        await sync_to_async(put_in_hand)(globex.schema)
        with schema_context(acme.schema):  # this thread's, which runs no query
            return [member.display_name async for member in Member.objects.order_by("display_name")]

    async def ours() -> Names:
        await sync_to_async(put_in_hand)(globex.schema)
        return await sync_to_async(unit)(acme)

    assert run_apart(naive) == ["Grace"]  # Acme's block, Globex's people
    assert run_apart(ours) == ["Ada"]


def test_setting_and_querying_in_two_hops_interleaves(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    async def naive(context: TenantContext, gate: asyncio.Barrier) -> Names:
        await sync_to_async(put_in_hand)(context.schema)
        await gate.wait()
        return await sync_to_async(names)()

    async def ours(context: TenantContext, gate: asyncio.Barrier) -> Names:
        await gate.wait()
        return await sync_to_async(unit)(context)

    def both(act: Callable[[TenantContext, asyncio.Barrier], Coroutine[Any, Any, Names]]) -> list[Names]:
        async def run() -> list[Names]:
            gate = asyncio.Barrier(2)
            return await asyncio.gather(act(acme, gate), act(globex, gate))

        return run_apart(run)  # type: ignore[no-any-return]

    assert both(naive) != [["Ada"], ["Grace"]]
    assert both(ours) == [["Ada"], ["Grace"]]


# --- work that outlives its block -------------------------------------------------------------------------------------


def test_a_lazy_queryset_evaluated_late_reads_elsewhere(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        lazy = Member.objects.all()
        evaluated = list(lazy)
    with enter_tenant(globex):
        assert [member.display_name for member in lazy.all()] == ["Grace"]  # acme's queryset, globex's rows
    with pytest.raises(ProgrammingError, match="does not exist"):
        list(lazy.all())  # In public there is no such table: it raises instead of showing somebody's rows.
    assert [member.display_name for member in evaluated] == ["Ada"]


def test_a_thread_started_inside_a_block_does_not_inherit_it(people: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        with pytest.raises(ProgrammingError, match="does not exist"):
            in_thread(names)
        assert in_thread(lambda: unit(acme)) == ["Ada"]


def test_an_error_inside_the_block_leaves_it_all_the_same(people: None, acme: TenantContext) -> None:
    with pytest.raises(ZeroDivisionError), enter_tenant(acme):
        _ = 1 / 0
    assert connection.schema_name == "public"


def test_blocks_nest(people: None, acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(acme):
        with enter_tenant(globex):
            assert names() == ["Grace"]
        assert names() == ["Ada"]


# --- rollbacks and a search_path that the server forgets --------------------------------------------------------------


def test_a_rolled_back_block_does_not_keep_its_search_path(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        assert names() == ["Ada"]
        with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
            with enter_tenant(globex):
                assert names() == ["Grace"]
            raise RuntimeError
        assert names() == ["Ada"]
        with transaction.atomic():
            with pytest.raises(RuntimeError), transaction.atomic(), enter_tenant(globex):  # noqa: PT012
                assert names() == ["Grace"]
                raise RuntimeError
            assert names() == ["Ada"]


def test_a_connection_that_broke_enters_its_tenant_again(people: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        assert names() == ["Ada"]
        connection.close()
        assert names() == ["Ada"]


# --- names and tables -------------------------------------------------------------------------------------------------


def test_a_made_up_schema_name_is_accepted_by_the_library_and_refused_by_us(
    people: None, acme: TenantContext
) -> None:
    with schema_context(f"{acme.schema},x"):  # the library takes it
        pass
    for name in (
        f"{acme.schema},x",
        "acme",
        "",
        "pg_catalog",
        'x"; drop schema public; --',
        None,
        acme.schema.upper(),
    ):
        with pytest.raises(BadSchemaNameError), enter_schema(name):  # type: ignore[arg-type]
            pass


def test_a_missing_table_falls_through_to_public_unless_names_are_disjoint(
    people: None, acme: TenantContext
) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        # The fall-through itself: public's tables are seen from every tenant.
        cursor.execute("select count(*) from tenant")
        assert cursor.fetchone()[0] == 2
    # Closed by names: no tenant table has a namesake in public (test_checks), so a missing one raises.
    with pytest.raises(ProgrammingError, match="does not exist"):
        names()


# --- what is kept between units ---------------------------------------------------------------------------------------


def test_a_class_level_queryset_is_evaluated_once_for_everybody(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    class Naive:
        queryset = Member.objects.all()

        def get(self) -> Names:
            return [member.display_name for member in self.queryset]

    class Ours:
        def get(self) -> Names:
            return [member.display_name for member in Member.objects.all()]

    def ask(view: Any) -> list[Names]:
        answers = []
        for context in (acme, globex):
            with enter_tenant(context):
                answers.append(view().get())
        return answers

    assert ask(Naive) == [["Ada"], ["Ada"]]
    assert ask(Ours) == [["Ada"], ["Grace"]]


def test_the_cache_keeps_tenants_apart_and_one_without_their_key_does_not(
    people: None, acme: TenantContext, globex: TenantContext
) -> None:
    def remember(cache: Any) -> list[Any]:
        answers = []
        for context in (acme, globex):
            with enter_tenant(context):
                answers.append(cache.get_or_set("board", names))
        return answers

    assert remember(LocMemCache("naive", {})) == [["Ada"], ["Ada"]]
    caches["default"].clear()
    assert remember(caches["default"]) == [["Ada"], ["Grace"]]


def test_periodic_work_runs_in_public_and_a_job_names_its_tenant(people: None, acme: TenantContext) -> None:
    SEEN.clear()
    with enter_tenant(acme):
        with pytest.raises(BadSchemaNameError):
            defer(note, tenant="")
        note(tenant="public")
    assert [schema for schema, _ in SEEN] == ["public"]
