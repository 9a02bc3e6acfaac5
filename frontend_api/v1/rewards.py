"""Rewards as the team keeps them: made, changed, offered, paused, archived; their stock and their codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.catalogue import (
    archive_reward,
    change_reward,
    create_reward,
    offer_reward,
    pause_reward,
    restock_reward,
    restore_reward,
)
from engagement.rewards.errors import RewardChangedError
from engagement.rewards.facts import FIELDS
from engagement.rewards.freezing import first_frozen_id
from engagement.rewards.models import Reward
from engagement.rewards.selectors import get_reward, list_rewards

from .frame import ApiView, once
from .operations import operation
from .paging import cut, read_cursor
from .reward_shapes import (
    BODY,
    EXAMPLE,
    TAG,
    RestockInput,
    RewardAnswer,
    RewardChange,
    RewardInput,
    RewardQuery,
)
from .serializing import Output


def etag_of(reward: Reward) -> str:
    """Stock moves without a new version, because nobody edited anything."""
    return f'"{reward.version}-{reward.stock}-{reward.reserved}"'


def describe_reward(view: ApiView, reward: Reward) -> dict[str, Any]:
    facts = {"frozen_from": first_frozen_id(view.context), "here": view.context}
    return dict(RewardAnswer(reward, context=facts).data)


class RewardView(ApiView):
    def describe(self, reward: Reward) -> dict[str, Any]:
        return describe_reward(self, reward)


class RewardList(RewardView):
    @operation(
        "list_rewards",
        summary="List rewards",
        description="The catalogue as it is kept, in its order. What members see of it is the shop.",
        tag=TAG,
        query=RewardQuery,
        answer=RewardAnswer,
        paged=True,
        example=EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int, int)
        limit = query["limit"]
        found = list_rewards(
            states=[query["state"]] if "state" in query else (),
            search=query["search"],
            kind=query.get("kind", ""),
            category=query["category"],
            after=None if place is None else (place[0], place[1]),
            limit=limit + 1,
        )
        page = cut(found, limit, lambda reward: (reward.position, reward.pk))
        frozen_from = first_frozen_id(self.context)
        items = RewardAnswer(
            page.items, many=True, context={"frozen_from": frozen_from, "here": self.context}
        ).data
        answer = self.answer_page(page, _Nothing)
        answer.data["items"] = items
        return answer

    @operation(
        "create_reward",
        summary="Make a reward",
        description="A draft, last in the order. It is in the shop once it is offered. Its picture and its file are uploaded then.",
        tag=TAG,
        body=RewardInput,
        answer=RewardAnswer,
        status=201,
        writes=True,
        body_example=BODY,
        example=EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            reward = create_reward(
                context=self.context,
                kind=body["kind"],
                facts=_facts(body),
                actor=self.actor,
                key=body.get("key", ""),
            )
            return Response(
                self.describe(reward), status=201, headers={"Location": f"{request.path}/{reward.pk}"}
            )

        return once(self, work)


class RewardDetail(RewardView):
    @operation(
        "get_reward",
        summary="Read a reward",
        description="In whatever state it is. The ETag is what a change names in If-Match.",
        tag=TAG,
        answer=RewardAnswer,
        errors=(404,),
        example=EXAMPLE,
    )
    def get(self, request: Request, reward_id: int) -> Response:
        reward = get_reward(reward_id=reward_id)
        return self.answer_versioned(self.describe(reward), etag_of(reward))

    @operation(
        "change_reward",
        summary="Change a reward",
        description="Only what the body names. What was redeemed keeps what it was. Needs If-Match: the ETag that you read, or `*`.",
        tag=TAG,
        body=RewardChange,
        answer=RewardAnswer,
        errors=(404, 409, 412, 428),
        body_example={"price": 250},
        example=EXAMPLE | {"price": 250, "version": 2},
    )
    def patch(self, request: Request, reward_id: int) -> Response:
        body = self.read_body()
        self._current = reward = get_reward(reward_id=reward_id)
        self.require_version(etag_of(reward))
        overwrite = request.headers.get("If-Match", "").strip() == "*"

        def work() -> Response:
            try:
                changed = change_reward(
                    context=self.context,
                    reward_id=reward_id,
                    facts=_facts(body),
                    actor=self.actor,
                    expected_version=None if overwrite else reward.version,
                    stock_seen=None if overwrite else reward.stock,
                )
            except RewardChangedError:
                self._current = get_reward(reward_id=reward_id)
                self.require_version("")
                raise
            return Response(
                self.describe(changed),
                headers={"ETag": etag_of(changed)},
            )

        return once(self, work)

    def describe_current(self) -> Any:
        return self.describe(self._current)


class _Nothing(Output):
    """The items are written by the view itself, which knows more."""


class _Act(RewardView):
    """Something that is done with a reward and may be repeated."""

    def answer(self, act: Callable[[], Reward]) -> Response:
        return once(self, lambda: Response(self.describe(act())))


class RewardOffer(_Act):
    @operation(
        "offer_reward",
        summary="Put a reward on offer",
        description="From then on members find it in the shop. Refused while something that its kind needs is missing, or the plan is full.",
        tag=TAG,
        answer=RewardAnswer,
        errors=(404, 409, 422),
        writes=True,
        example=EXAMPLE | {"state": "active"},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        return self.answer(lambda: offer_reward(context=self.context, reward_id=reward_id, actor=self.actor))


class RewardPause(_Act):
    @operation(
        "pause_reward",
        summary="Pause a reward",
        description="It leaves the shop for now. What was redeemed goes its way.",
        tag=TAG,
        answer=RewardAnswer,
        errors=(404, 409),
        writes=True,
        example=EXAMPLE | {"state": "paused"},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        return self.answer(lambda: pause_reward(reward_id=reward_id, actor=self.actor))


class RewardArchive(_Act):
    @operation(
        "archive_reward",
        summary="Archive a reward",
        description="It leaves shop and catalogue. Nothing is deleted.",
        tag=TAG,
        answer=RewardAnswer,
        errors=(404,),
        writes=True,
        example=EXAMPLE | {"state": "archived", "archived_at": "2026-11-22T08:30:00Z"},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        return self.answer(lambda: archive_reward(reward_id=reward_id, actor=self.actor))


class RewardRestore(_Act):
    @operation(
        "restore_reward",
        summary="Restore a reward",
        description="Out of the archive, as a paused one.",
        tag=TAG,
        answer=RewardAnswer,
        errors=(404, 409),
        writes=True,
        example=EXAMPLE | {"state": "paused"},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        return self.answer(lambda: restore_reward(reward_id=reward_id, actor=self.actor))


class RewardRestock(_Act):
    @operation(
        "restock_reward",
        summary="Restock a reward",
        description="Adds to a counted stock, or takes away. The stock of a pool of codes is its codes.",
        tag=TAG,
        body=RestockInput,
        answer=RewardAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"more": 20},
        example=EXAMPLE | {"stock": 30},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        more = self.read_body()["more"]
        return self.answer(lambda: restock_reward(reward_id=reward_id, more=more, actor=self.actor))


def _facts(body: dict[str, Any]) -> dict[str, Any]:
    facts = {name: body[name] for name in FIELDS if name in body}
    if "eligibility" in facts:
        facts["eligibility"] = {
            **facts["eligibility"],
            **(
                {"figures": [dict(one) for one in facts["eligibility"]["figures"]]}
                if "figures" in facts["eligibility"]
                else {}
            ),
        }
    return facts
