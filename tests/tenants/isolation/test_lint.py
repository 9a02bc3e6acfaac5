"""No coroutine enters a tenant or queries: the schema belongs to a thread, and an await changes threads.

Read from the sources of the processes that run an event loop, so that a new one is caught before it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.models import QuerySet

ROOT = Path(__file__).parents[3]
FOLDERS = ("bot_shard", "frontend_api", "integrations", "tenants", "saas", "engagement")
ENTERING = {
    "enter_tenant",
    "enter_schema",
    "schema_context",
    "tenant_context",
    "set_schema",
    "set_tenant",
    "atomic",
}
# Every asynchronous method of the ORM's querysets and models; QuerySet names most of them itself.
ASYNC_ORM = {name for name in dir(QuerySet) if name.startswith("a") and hasattr(QuerySet, name[1:])} | {
    "asave",
    "adelete",
    "arefresh_from_db",
    "aadd",
    "aset",
    "aremove",
    "aclear",
}
# These names mean something else elsewhere (an asyncio queue has no `aget`, but a cache has).
ASYNC_ORM -= {"all", "annotate", "alias", "aggregate", "as_manager"}


def find_wrongs(source: str) -> list[str]:
    """`line: what` for each call that a coroutine must not make."""
    tree = ast.parse(source)
    return [f"{node.lineno}: {name}" for node, name in _calls(tree, in_coroutine=False)]


def _calls(node: ast.AST, *, in_coroutine: bool) -> Iterator[tuple[ast.Call, str]]:
    for child in ast.iter_child_nodes(node):
        inside = in_coroutine
        if isinstance(child, ast.AsyncFunctionDef):
            inside = True
        elif isinstance(child, ast.FunctionDef | ast.Lambda):
            inside = False  # A function for the seam: it runs as a whole in one thread.
        if isinstance(child, ast.Call):
            name = _name_of(child.func)
            if name in ASYNC_ORM or (inside and name in ENTERING):
                yield child, name
        yield from _calls(child, in_coroutine=inside)


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_coroutine_enters_a_tenant_or_uses_the_async_orm(folder: str) -> None:
    wrongs = {
        str(path.relative_to(ROOT)): found
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (found := find_wrongs(path.read_text()))
    }
    assert not wrongs, (
        "Put it in one synchronous function and call that through the seam (DESIGN section 4.2)."
    )


@pytest.mark.parametrize(
    "source",
    [
        "async def f():\n    with enter_tenant(c):\n        await g()",
        "async def f():\n    with schema_context('x'): pass",
        "async def f():\n    connection.set_schema('x')",
        "async def f():\n    return await Member.objects.aget(pk=1)",
        "async def f():\n    await member.asave()",
        "async def f():\n    async with lock:\n        with context.enter_schema(s): pass",
    ],
)
def test_the_lint_sees_it(source: str) -> None:
    assert find_wrongs(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    with enter_tenant(c): g()",
        "async def f():\n    def unit():\n        with enter_tenant(c): g()\n    await call(unit)",
        "async def f():\n    await call(lambda: enter_tenant(c))",
    ],
)
def test_the_lint_lets_the_seam_through(source: str) -> None:
    assert not find_wrongs(source)
