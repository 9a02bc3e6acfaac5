"""The form of an address and the link of a file: for whoever holds the link, once or for so often; and the list for whoever packs."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.files.models import FileUse
from engagement.files.services import store_pieces
from engagement.rewards.addresses import ask_for_address
from engagement.rewards.fulfilling import fulfil_redemption
from engagement.rewards.handing_out import download_link
from engagement.rewards.models import Redemption
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import make_member, make_reward, redeem
from tests.engagement.rewards.test_addresses import ADDRESS
from tests.frontend_api.hosts import ACME, GLOBEX, Browser


def start(acme: TenantContext, kind: str, name: str = "Hoodie", **settings: Any) -> Redemption:
    with enter_tenant(acme):
        reward = make_reward(kind=kind, name=name, settings=settings)
        redemption = redeem(acme, make_member(acme, 1_000), reward)
        fulfil_redemption(redemption_id=redemption.pk)
    return redemption


def path_of(acme: TenantContext, redemption: Redemption) -> str:
    with enter_tenant(acme):
        return ask_for_address(context=acme, redemption_id=redemption.pk)


@pytest.fixture
def parcel(pages: Browser, acme: TenantContext) -> Redemption:
    return start(acme, "merchandise", "<b>Hoodie</b>", options=["M", "L"], countries=["CH", "DE"])


def test_the_form_works_without_a_login_and_once(
    pages: Browser, acme: TenantContext, parcel: Redemption
) -> None:
    path = path_of(acme, parcel)
    page = pages.on(ACME).get(path)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "no-referrer"
    assert b"&lt;b&gt;Hoodie&lt;/b&gt;" in page.content
    assert b"Austria" not in page.content
    wrong = pages.on(ACME).post(path, {**ADDRESS, "city": "", "choice": "M"})
    assert wrong.status_code == 422
    assert "“Town” is missing" in wrong.content.decode()
    assert b'value="Ada Wren"' in wrong.content  # what was typed stays
    done = pages.on(ACME).post(path, {**ADDRESS, "choice": "M"})
    assert b"We have your address" in done.content
    for again in (pages.on(ACME).get(path), pages.on(ACME).post(path, {**ADDRESS, "choice": "L"})):
        assert again.status_code == 403
        assert b"This link is over" in again.content
    assert pages.on(GLOBEX).get(path).status_code == 403
    with enter_tenant(acme):
        assert Redemption.objects.get().outcome["choice"] == "M"


def test_a_file_is_saved_never_opened_and_counted(pages: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        file = store_pieces(
            use=FileUse.DOWNLOAD, name="Gü<i>de.html", content_type="text/html", data=b"<script>1</script>"
        )
    redemption = start(acme, "download", file_id=file.pk, downloads=1)
    with enter_tenant(acme):
        path = download_link(context=acme, redemption_id=redemption.pk, member_id=redemption.member_id).path
    assert pages.on(ACME).head(path).status_code == 200
    answer = pages.on(ACME).get(path)
    assert answer.content == b"<script>1</script>"
    assert answer["Content-Disposition"].startswith('attachment; filename="G__i_de.html"')
    assert "sandbox" in answer["Content-Security-Policy"]
    over = pages.on(ACME).get(path)
    assert over.status_code == 409
    assert b"There is nothing to download here" in over.content
    assert pages.on(GLOBEX).get(path).status_code == 404


def test_whoever_packs_gets_a_list_that_computes_nothing(
    pages: Browser, acme: TenantContext, parcel: Redemption
) -> None:
    given = {**ADDRESS, "name": "=HYPERLINK(1)", "choice": "L"}
    pages.on(ACME).post(path_of(acme, parcel), given)
    pages.sign_in("acme-moderator")
    answer = pages.on(ACME).post("/dashboard/redemptions/to-ship.csv")
    head, row = answer.content.decode().strip().splitlines()
    assert head == "number,reward,requested_at,choice,name,street,extra,postcode,city,region,country,phone"
    assert "'=HYPERLINK(1)" in row
    assert ",L," in row
    assert pages.on(ACME).get("/dashboard/redemptions/to-ship.csv").status_code == 405
