"""A member's own support: begun on the payment provider's page, changed, cancelled, resumed."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from billing.income.changing import (
    cancel_support,
    change_support,
    preview_support_change,
    resume_support,
)
from billing.income.checkouts import begin_support
from engagement.supporters.errors import SupportNotFoundError
from engagement.supporters.selectors import get_support

from .credit_requests import own_member
from .frame import ApiView, once
from .operations import operation
from .supporter_shapes import (
    OWN,
    PREVIEW,
    SUPPORTER,
    TAG,
    OwnSupportAnswer,
    SupportAddressAnswer,
    SupportChoiceInput,
    SupportPreviewAnswer,
)

_TIER = {"tier": SUPPORTER["tier"]}


class OwnSupport(ApiView):
    @operation(
        "get_own_support",
        summary="Read your own support",
        description="The one that runs, or the last; 404 for who never supported.",
        tag=TAG,
        answer=OwnSupportAnswer,
        errors=(404,),
        example=OWN,
    )
    def get(self, request: Request) -> Response:
        return Response(_describe(own_member(self)))

    @operation(
        "begin_own_support",
        summary="Begin to support",
        description="Answers the page on which the card is asked for. The same choice leads to the same page while that is open.",
        tag=TAG,
        body=SupportChoiceInput,
        answer=SupportAddressAnswer,
        errors=(404, 409),
        writes=True,
        body_example=_TIER,
        example={"url": "https://checkout.stripe.com/c/pay/cs_test_a1"},
    )
    def post(self, request: Request) -> Response:
        member_id, tier = own_member(self), self.read_body()["tier"]

        def work() -> Response:
            return Response({"url": begin_support(context=self.context, member_id=member_id, tier_key=tier)})

        return once(self, work)


class OwnSupportCancel(ApiView):
    @operation(
        "cancel_own_support",
        summary="Cancel your own support",
        description="It runs to the end of what is paid for; one whose payment is late ends at once.",
        tag=TAG,
        answer=OwnSupportAnswer,
        errors=(404, 409),
        writes=True,
        example=OWN | {"cancel_at": "2026-12-03T08:30:00Z"},
    )
    def post(self, request: Request) -> Response:
        member_id = own_member(self)

        def work() -> Response:
            cancel_support(context=self.context, member_id=member_id, actor=self.actor)
            return Response(_describe(member_id))

        return once(self, work)


class OwnSupportResume(ApiView):
    @operation(
        "resume_own_support",
        summary="Resume your own support",
        description="Takes a cancellation back that is still to come.",
        tag=TAG,
        answer=OwnSupportAnswer,
        errors=(404, 409),
        writes=True,
        example=OWN,
    )
    def post(self, request: Request) -> Response:
        member_id = own_member(self)

        def work() -> Response:
            resume_support(context=self.context, member_id=member_id, actor=self.actor)
            return Response(_describe(member_id))

        return once(self, work)


class OwnSupportPreview(ApiView):
    @operation(
        "preview_own_support_change",
        summary="See what a change of your support costs",
        description="To another tier in the same currency and period. Nothing is changed.",
        tag=TAG,
        body=SupportChoiceInput,
        answer=SupportPreviewAnswer,
        errors=(404, 409),
        body_example=_TIER,
        example=PREVIEW,
    )
    def post(self, request: Request) -> Response:
        member_id, tier = own_member(self), self.read_body()["tier"]
        preview = preview_support_change(context=self.context, member_id=member_id, tier_key=tier)
        return Response(SupportPreviewAnswer(preview).data)


class OwnSupportChange(ApiView):
    @operation(
        "change_own_support",
        summary="Change your own support",
        description="To a dearer tier, at once; the difference for the rest of the period is charged now. To a cheaper one with the next period: "
        "nothing is charged now, and naming the tier that you have takes it back until then.",
        tag=TAG,
        body=SupportChoiceInput,
        answer=OwnSupportAnswer,
        errors=(404, 409),
        writes=True,
        body_example=_TIER,
        example=OWN,
    )
    def post(self, request: Request) -> Response:
        member_id, tier = own_member(self), self.read_body()["tier"]

        def work() -> Response:
            change_support(context=self.context, member_id=member_id, tier_key=tier, actor=self.actor)
            return Response(_describe(member_id))

        return once(self, work)


def _describe(member_id: int) -> dict[str, object]:
    """Raises SupportNotFoundError."""
    own = get_support(member_id=member_id)
    if own is None:
        raise SupportNotFoundError
    return dict(OwnSupportAnswer(own).data)
