"""Tiers of support: what members see of them, and as the team keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from billing.income.accounts import get_payout_account
from engagement.supporters.errors import TierNotFoundError
from engagement.supporters.forms import TierForm
from engagement.supporters.models import SupporterTier
from engagement.supporters.selectors import TierView, get_tier, list_tiers
from engagement.supporters.tiers import change_tier, create_tier, delete_tier, move_tier, switch_tier
from saas.core import clock
from tenants.gates import is_open

from .frame import ApiView, once
from .operations import operation
from .supporter_shapes import (
    BODY,
    OFFER,
    TAG,
    TIER,
    SupporterTierAnswer,
    SupporterTierChange,
    SupporterTierInput,
    SupporterTierMoveInput,
    SupporterTiersAnswer,
    SupporterTierSwitchInput,
    SupportOfferAnswer,
    SupportOffersAnswer,
)

GATE = "supporters"


def etag_of(tier: SupporterTier) -> str:
    return f'"{int(tier.changed_at.timestamp() * 1_000_000)}"'


def _describe(key: str) -> dict[str, Any]:
    """With how many support with it."""
    found = next((one for one in list_tiers() if one.tier.key == key), None)
    if found is None:
        raise TierNotFoundError
    return dict(SupporterTierAnswer(found).data)


class OfferList(ApiView):
    @operation(
        "list_support_offers",
        summary="List what one can support with",
        description="Tiers on sale, in the community's order. Empty while nobody can begin: the plan lacks it, or the account for payouts is not ready.",
        tag=TAG,
        answer=SupportOffersAnswer,
        example={"items": [OFFER]},
    )
    def get(self, request: Request) -> Response:
        rows: list[TierView] = []
        if is_open(GATE, self.context.entitlements, clock.now()):
            account = get_payout_account(tenant_id=self.context.tenant_id)
            if account is not None and account.can_sell:
                rows = list_tiers(on_sale_only=True)
        return Response({"items": SupportOfferAnswer(rows, many=True).data})


class TierList(ApiView):
    @operation(
        "list_supporter_tiers",
        summary="List tiers of support",
        description="All of them, in their order, each with how many support with it now.",
        tag=TAG,
        answer=SupporterTiersAnswer,
        example={"items": [TIER]},
    )
    def get(self, request: Request) -> Response:
        return Response({"items": SupporterTierAnswer(list_tiers(), many=True).data})

    @operation(
        "create_supporter_tier",
        summary="Make a tier of support",
        description="A draft, below all others. Members see it once it is switched to `on_sale`.",
        tag=TAG,
        body=SupporterTierInput,
        answer=SupporterTierAnswer,
        status=201,
        writes=True,
        body_example=BODY,
        example=TIER | {"state": "draft", "supporters": 0, "offered_at": None},
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            empty = TierForm("", "", (), 0, "", "", "", 0)
            made = create_tier(context=self.context, form=_fill(empty, body), actor=self.actor)
            return Response(
                _describe(made.key), status=201, headers={"Location": f"{request.path}/{made.key}"}
            )

        return once(self, work)


class TierDetail(ApiView):
    @operation(
        "get_supporter_tier",
        summary="Read a tier of support",
        description="In whatever state it is. The ETag is what a change names in If-Match.",
        tag=TAG,
        answer=SupporterTierAnswer,
        errors=(404,),
        example=TIER,
    )
    def get(self, request: Request, tier_key: str) -> Response:
        return self.answer_versioned(_describe(tier_key), etag_of(get_tier(key=tier_key)))

    @operation(
        "change_supporter_tier",
        summary="Change a tier of support",
        description="Only what the body names. Amount, currency and interval hold for whoever begins from then on; the rest for everybody. "
        "Needs If-Match: the ETag that you read, or `*`.",
        tag=TAG,
        body=SupporterTierChange,
        answer=SupporterTierAnswer,
        errors=(404, 412, 428),
        body_example={"points": 150},
        example=TIER | {"points": 150},
    )
    def patch(self, request: Request, tier_key: str) -> Response:
        body = self.read_body()
        self._current = tier = get_tier(key=tier_key)
        self.require_version(etag_of(tier))

        def work() -> Response:
            form = _fill(_form_of(tier), body)
            changed = change_tier(context=self.context, key=tier.key, form=form, actor=self.actor)
            return Response(_describe(changed.key), headers={"ETag": etag_of(changed)})

        return once(self, work)

    @operation(
        "delete_supporter_tier",
        summary="Delete a tier of support",
        description="Only one that was never on sale. Every other one is retired.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404, 409),
    )
    def delete(self, request: Request, tier_key: str) -> Response:
        delete_tier(context=self.context, key=tier_key, actor=self.actor)
        return Response(status=204)

    def describe_current(self) -> Any:
        return _describe(self._current.key)


class TierSwitch(ApiView):
    @operation(
        "switch_supporter_tier",
        summary="Put a tier on sale, or retire it",
        description="A retired tier is sold no more and goes on for who has it. Twice changes nothing.",
        tag=TAG,
        body=SupporterTierSwitchInput,
        answer=SupporterTierAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"state": "on_sale"},
        example=TIER,
    )
    def post(self, request: Request, tier_key: str) -> Response:
        state = self.read_body()["state"]

        def work() -> Response:
            tier = switch_tier(context=self.context, key=tier_key, state=state, actor=self.actor)
            return Response(_describe(tier.key))

        return once(self, work)


class TierMove(ApiView):
    @operation(
        "move_supporter_tier",
        summary="Move a tier of support",
        description="To this place among all tiers; the others close up.",
        tag=TAG,
        body=SupporterTierMoveInput,
        answer=SupporterTierAnswer,
        errors=(404,),
        writes=True,
        body_example={"position": 1},
        example=TIER,
    )
    def post(self, request: Request, tier_key: str) -> Response:
        position = self.read_body()["position"]

        def work() -> Response:
            move_tier(context=self.context, key=tier_key, position=position, actor=self.actor)
            return Response(_describe(tier_key))

        return once(self, work)


def _form_of(tier: SupporterTier) -> TierForm:
    return TierForm(
        tier.name, tier.description, tuple(tier.perks), tier.amount, tier.currency, tier.interval, tier.role_id, tier.points,
    )  # fmt: skip


def _fill(form: TierForm, body: dict[str, Any]) -> TierForm:
    given = dict(body)
    if "perks" in given:
        given["perks"] = tuple(given["perks"])
    return replace(form, **given)
