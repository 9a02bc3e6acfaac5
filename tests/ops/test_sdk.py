"""The Python client that `manage.py make_sdk` writes talks to the API as it is."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.core.wsgi import get_wsgi_application

from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME
from tests.frontend_api.v1.asking import issue

if TYPE_CHECKING:
    from tenants.context import TenantContext

pytestmark = pytest.mark.usefixtures("committed_db", "redis_cache")
ADA = 810_000_000_000_000_001


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated package, imported."""
    folder = tmp_path_factory.mktemp("sdk") / "client"
    try:
        call_command("make_sdk", folder)
    except CommandError as error:
        if os.environ.get("CI") or "error" in str(error).lower().split("\n", 1)[0]:
            raise
        pytest.skip(f"No client can be generated here: {error}")
    sys.path.insert(0, str(folder))
    yield importlib.import_module("engagehub_client")
    sys.path.remove(str(folder))


def _call(sdk: Any, operation: str, *, client: Any, **values: Any) -> Any:
    return importlib.import_module(f"engagehub_client.api.{operation}").sync(client=client, **values)


def _client(sdk: Any, token: str) -> Any:
    import httpx

    return sdk.AuthenticatedClient(
        base_url=f"http://{ACME}",
        token=token,
        httpx_args={"transport": httpx.WSGITransport(app=get_wsgi_application())},
    )


def test_members_are_listed_with_their_types(sdk: Any, acme: TenantContext) -> None:
    give(acme, ADA, "Ada", 100)

    page = _call(sdk, "members.list_members", client=_client(sdk, issue(acme, "members:read")))

    [ada] = [member for member in page.items if member.name == "Ada"]
    assert isinstance(ada.id, int)
    assert ada.lifetime == 100


def test_what_is_refused_is_a_problem_with_its_code(sdk: Any, acme: TenantContext) -> None:
    problem = _call(sdk, "members.list_members", client=_client(sdk, issue(acme, "rules:read")))

    assert (problem.status, problem.code) == (403, "scope_missing")


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(CommandError, match="exists already"):
        call_command("make_sdk", tmp_path)

    assert (tmp_path / "mine").read_text() == "mine"
