"""Rewards on offer, and sponsors: on the pages, over REST, in the job that brings a table in."""

from __future__ import annotations

from typing import Any

from tests.gates.askers import World, asks, is_open
from tests.gates.askers.features import path
from tests.gates.askers.limits import FULL, _let_through, _program


def offered(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["rewards"]


def _draft(world: World, **facts: Any) -> int:
    from tenants.context import enter_tenant
    from tests.engagement.rewards.catalogues import make

    with enter_tenant(world.context):
        return make(world.context, offered=False, **facts).pk


def _is_offered(world: World, reward_id: int) -> bool:
    from engagement.rewards.models import Reward
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        return Reward.objects.get(pk=reward_id).state == "active"


@asks("page dashboard-reward-state", used=offered)
def offer_on_the_page(world: World) -> bool:
    reward_id = _draft(world)
    answer = world.owner.post(path("dashboard-reward-state", reward_id), {"do": "offer"}, follow=True)
    assert (FULL in answer.content.decode()) != _is_offered(world, reward_id)
    return _is_offered(world, reward_id)


@asks("page dashboard-rewards-bulk", used=offered)
def offer_several(world: World) -> bool:
    reward_id = _draft(world)
    form = {"act": "offer", "ids": reward_id, "confirmed": "1"}
    answer = world.owner.post(path("dashboard-rewards-bulk"), form)
    assert (FULL in answer.content.decode()) != _is_offered(world, reward_id)
    return _is_offered(world, reward_id)


@asks("rest offer_reward", used=offered)
def offer_over_rest(world: World) -> bool:
    return _let_through(_program(world, "rewards:write").post(f"rewards/{_draft(world)}/offer"))


@asks("rest list_shop", used=offered)
def see_the_newest_in_the_shop(world: World) -> bool:
    from engagement.rewards.models import Reward
    from tenants.context import enter_tenant

    reward_id = _draft(world)
    with enter_tenant(world.context):
        Reward.objects.filter(pk=reward_id).update(state="active")  # as a better plan had let it
    items = _program(world, "rewards:read").get("shop?limit=100").json()["items"]
    return reward_id in {item["id"] for item in items}


@asks("job engagement.rewards.work_on_table", used=offered)
def offer_by_a_table(world: World) -> bool:
    from engagement.audit.actor import SYSTEM
    from engagement.rewards.exchange import apply_table, begin_table
    from engagement.rewards.jobs import work_on_table
    from engagement.rewards.models import Reward
    from saas.core.ids import new_ulid
    from tenants.context import enter_tenant

    table = b"key,kind,name,price,state,settings.instructions\nby-table,custom,Mug,5,active,x\n"
    with enter_tenant(world.context):
        run = begin_table(context=world.context, name="x", data=table, actor=SYSTEM, key=new_ulid())
        apply_table(run_id=run.pk, actor=SYSTEM)
        work_on_table(tenant=world.context.schema, run_id=run.pk)
        run.refresh_from_db()
        assert (FULL in run.problem) == (run.state == "failed")
        return Reward.objects.filter(key="by-table").exists()


@asks("page dashboard-sponsor-new")
def add_a_sponsor(world: World) -> bool:
    return is_open(world.owner.post(path("dashboard-sponsor-new"), {"name": "Globex"})) and _exists(world)


def _exists(world: World) -> bool:
    from engagement.rewards.models import Sponsor
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        return Sponsor.objects.filter(name="Globex").exists()


@asks("page dashboard-sponsor")
def change_a_sponsor(world: World) -> bool:
    address = path("dashboard-sponsor", world.things["sponsor_id"])
    opened = world.owner.get(address).context["page"].opened
    return is_open(world.owner.post(address, {"name": "Globex", "opened": opened}))


@asks("page dashboard-reward-edit")
def name_a_sponsor_in_the_form(world: World) -> bool:
    """Where the plan has none the form has no such field, and what is sent for it counts for nothing."""
    from engagement.rewards.models import Reward
    from tenants.context import enter_tenant

    reward_id = _draft(world)
    address = path("dashboard-reward-edit", reward_id)
    opened = world.owner.get(address).context["page"].opened
    form = {
        "name": "Mug", "price": "5", "approval": "automatic", "settings_instructions": "x", "opened": opened,
        "sponsor": world.things["sponsor_id"],
    }  # fmt: skip
    assert world.owner.post(address, form).status_code == 302
    with enter_tenant(world.context):
        return Reward.objects.get(pk=reward_id).sponsor_id is not None


@asks("rest create_sponsor")
def add_over_rest(world: World) -> bool:
    return is_open(_program(world, "rewards:write").post("sponsors", {"name": "Globex"}))


@asks("rest change_sponsor")
def change_over_rest(world: World) -> bool:
    address = f"sponsors/{world.things['sponsor_id']}"
    return is_open(_program(world, "rewards:write").patch(address, {"name": "Globex"}))


@asks("rest upload_sponsor_picture")
def show_a_picture_over_rest(world: World) -> bool:
    from tests.engagement.files.pictures import picture
    from tests.frontend_api.v1.test_reward_files import put

    address = f"sponsors/{world.things['sponsor_id']}/picture"
    return is_open(put(_program(world, "rewards:write"), address, picture()))


@asks("rest change_reward")
def name_a_sponsor_over_rest(world: World) -> bool:
    body = {"sponsor_id": world.things["sponsor_id"]}
    return is_open(_program(world, "rewards:write").patch(f"rewards/{_draft(world)}", body, if_match="*"))


@asks("rest get_shop_item")
def see_who_pays(world: World) -> bool:
    from engagement.rewards.models import Reward
    from tenants.context import enter_tenant

    with enter_tenant(world.context):  # the scene's own, which every plan has room for
        reward = Reward.objects.get(pk=world.things["reward_id"])
        Reward.objects.filter(pk=reward.pk).update(state="active", sponsor_id=world.things["sponsor_id"])
    answer = _program(world, "rewards:read").get(f"shop/{reward.pk}")
    return answer.json()["sponsor"] is not None
