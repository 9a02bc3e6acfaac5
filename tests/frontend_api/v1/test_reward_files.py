"""Pictures and files over REST: as multipart, looked at by their bytes, put in place of one another, taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from engagement.audit.models import AuditEntry
from engagement.files.models import StoredFile
from engagement.files.services import RULES
from engagement.rewards.models import Reward
from tenants.context import TenantContext, enter_tenant
from tests.engagement.files.pictures import bomb, picture
from tests.engagement.rewards.catalogues import make
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of

Keys = Callable[..., Api]
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def api(key_of: Keys) -> Api:
    return key_of("rewards:read", "rewards:write")


def put(api: Api, path: str, data: bytes, name: str = "a.png", **more: Any) -> Any:
    parts = more.pop("parts", {"file": SimpleUploadedFile(name, data)})
    return api.ask("PUT", path, encode_multipart(BOUNDARY, parts), content_type=MULTIPART_CONTENT, **more)


def test_a_reward_gets_a_picture_and_loses_it(api: Api, acme: TenantContext) -> None:
    with enter_tenant(acme):
        path = f"rewards/{make(acme, name='Mug').pk}"
    red, large = picture(), picture("JPEG", (60, 30))

    first = put(api, f"{path}/picture", red)
    again = put(api, f"{path}/picture", red)
    other = put(api, f"{path}/picture", large, "b.jpg", idempotency_key="once")
    replayed = put(api, f"{path}/picture", large, "b.jpg", idempotency_key="once")

    assert first.status_code == 200, first.content
    assert (first.json()["width"], other.json()["width"]) == (40, 60)
    assert replayed.json() == other.json()
    assert first["ETag"] == again["ETag"] != other["ETag"]
    shown = api.get(path).json()["picture"]
    assert Api(host=api.host).ask("GET", shown)["Content-Type"] == "image/webp"
    with enter_tenant(acme):
        assert sorted(StoredFile.objects.values_list("width", "kept")) == [(40, False), (60, True)]
        assert AuditEntry.objects.filter(action="reward.changed").count() == 2
    assert [api.delete(f"{path}/picture").status_code for _ in range(2)] == [204, 204]
    assert api.get(path).json()["picture"] == ""


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"<script>alert(1)</script>", "a.png", 422, "invalid_file"),
        (PDF, "a.pdf", 422, "invalid_file"),
        (bomb(), "a.png", 422, "file_too_large"),
        (b"", "a.png", 422, "invalid_file"),
        (b"x" * (8 * 1024 * 1024 + 1), "a.png", 413, "upload_too_large"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    api: Api, acme: TenantContext, data: bytes, name: str, status: int, code: str
) -> None:
    with enter_tenant(acme):
        reward = make(acme, name="Mug")

    answer = put(api, f"rewards/{reward.pk}/picture", data, name)

    assert (answer.status_code, code_of(answer)) == (status, code)
    with enter_tenant(acme):
        assert not StoredFile.objects.exists()
        assert Reward.objects.get(pk=reward.pk).picture_id is None


def test_bodies_that_are_no_upload_are_refused(api: Api, acme: TenantContext) -> None:
    with enter_tenant(acme):
        path = f"rewards/{make(acme, name='Mug').pk}/picture"
    two = {"file": SimpleUploadedFile("a.png", picture()), "other": SimpleUploadedFile("b.png", picture())}

    assert code_of(put(api, path, b"", parts={"file": "text"})) == "malformed_multipart"
    assert code_of(put(api, path, b"", parts=two)) == "malformed_multipart"
    assert (
        code_of(api.ask("PUT", path, b"--x--", content_type="multipart/form-data")) == "malformed_multipart"
    )
    assert api.put(path, {"file": "a"}).status_code == 415
    assert api.ask("PUT", path).status_code in (400, 415)
    assert put(api, "rewards/999999/picture", picture()).status_code == 404
    assert put(api.on(GLOBEX), path, picture()).status_code == 401


def test_a_downloads_file_is_put_in_place_and_needed_while_on_offer(api: Api, acme: TenantContext) -> None:
    with enter_tenant(acme):
        mug = make(acme, name="Mug")
    made = api.post(
        "rewards", {"kind": "download", "name": "Handbook", "price": 5, "settings": {"downloads": 3}}
    )
    path = f"rewards/{made.json()['id']}"
    assert code_of(api.post(f"{path}/offer")) == "invalid_reward"

    stored = put(api, f"{path}/file", PDF, "handbook.pdf")

    assert stored.status_code == 200, stored.content
    settings = api.get(path).json()["settings"]
    assert (settings["downloads"], settings["file_id"]) == (3, stored.json()["file_id"])
    assert stored.json()["content_type"] == "application/pdf"
    assert api.post(f"{path}/offer").json()["state"] == "active"
    assert put(api, f"{path}/file", PDF, "handbook.pdf").json() == stored.json()
    assert code_of(put(api, f"{path}/file", PDF, "handbook.exe")) == "invalid_file"
    assert code_of(put(api, f"{path}/file", b"MZ\x90", "handbook.pdf")) == "invalid_file"
    assert code_of(api.delete(f"{path}/file")) == "invalid_reward"
    api.post(f"{path}/pause")
    assert [api.delete(f"{path}/file").status_code for _ in range(2)] == [204, 204]
    assert api.get(path).json()["settings"].get("file_id") is None
    assert code_of(put(api, f"rewards/{mug.pk}/file", PDF, "a.pdf")) == "invalid_reward"
    api.post(f"{path}/archive")
    assert code_of(put(api, f"{path}/file", PDF, "handbook.pdf")) == "reward_archived"
    assert RULES["download"].most > RULES["picture"].most


def test_a_sponsors_picture(api: Api, acme: TenantContext) -> None:
    made = api.post("sponsors", {"name": "Initech"}).json()
    assert made["picture"] == ""
    path = f"sponsors/{made['id']}/picture"

    assert put(api, path, picture()).json()["picture"].startswith("/files/")
    assert api.get("sponsors").json()["items"][0]["picture"].startswith("/files/")
    assert code_of(put(api, path, PDF, "a.pdf")) == "invalid_file"
    assert [api.delete(path).status_code for _ in range(2)] == [204, 204]
    assert api.get("sponsors").json()["items"][0]["picture"] == ""
    assert put(api, "sponsors/999999/picture", picture()).status_code == 404
