"""Who supports, one of them, what was paid, and giving a payment back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from billing.income.refunds import refund_payment
from engagement.supporters.selectors import get_payment, list_payments, list_supporters
from engagement.supporters.sheet import get_sheet

from .frame import ApiView, once
from .operations import operation
from .paging import BadCursorError, cut, read_cursor
from .supporter_shapes import (
    DETAIL,
    PAYMENT,
    SUPPORTER,
    TAG,
    SupporterAnswer,
    SupporterDetailAnswer,
    SupporterPaymentAnswer,
    SupporterPaymentQuery,
    SupporterQuery,
    SupporterRefundInput,
    SupporterSumsAnswer,
)


class Supporters(ApiView):
    @operation(
        "list_supporters",
        summary="List supporters",
        description="Those who began last come first; who has ended is among them.",
        tag=TAG,
        query=SupporterQuery,
        answer=SupporterAnswer,
        paged=True,
        example=SUPPORTER,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        rows = list_supporters(
            state=query.get("state", ""),
            tier=query["tier"],
            search=query["search"],
            member_id=query.get("member_id"),
        )
        found = _after(rows, "begun_at", query)
        page = cut(found, query["limit"], lambda row: (row.begun_at.isoformat(), row.pk))
        return self.answer_page(page, SupporterAnswer)


class SupporterDetail(ApiView):
    @operation(
        "get_supporter",
        summary="Read a supporter",
        description="One support, running or ended, with the sums of what was paid. The payments themselves: `supporter-payments?supporter=…`.",
        tag=TAG,
        answer=SupporterDetailAnswer,
        errors=(404,),
        example=DETAIL,
    )
    def get(self, request: Request, supporter_key: str) -> Response:
        sheet = get_sheet(key=supporter_key)
        sums = SupporterSumsAnswer(sheet).data
        return Response({**SupporterAnswer(sheet.supporter).data, **sums})


class Payments(ApiView):
    @operation(
        "list_supporter_payments",
        summary="List what supporters paid",
        description="The newest first. Amounts are minor units of their currency.",
        tag=TAG,
        query=SupporterPaymentQuery,
        answer=SupporterPaymentAnswer,
        paged=True,
        example=PAYMENT,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        rows = list_payments(
            tier=query["tier"],
            supporter=query["supporter"],
            member_id=query.get("member_id"),
            refunded=query["refunded"],
        )
        found = _after(rows, "paid_at", query)
        page = cut(found, query["limit"], lambda row: (row.paid_at.isoformat(), row.pk))
        return self.answer_page(page, SupporterPaymentAnswer)


class PaymentRefund(ApiView):
    @operation(
        "refund_supporter_payment",
        summary="Give a payment back",
        description="Whole, within 90 days, with the platform's fee; the points of that period are taken back. The support goes on unless "
        "`end` is true. Twice changes nothing.",
        tag=TAG,
        body=SupporterRefundInput,
        answer=SupporterPaymentAnswer,
        errors=(404, 409),
        writes=True,
        body_example={"end": False},
        example=PAYMENT | {"refunded": 500, "refunded_at": "2026-11-21T08:30:00Z"},
    )
    def post(self, request: Request, payment_key: str) -> Response:
        end = self.read_body()["end"]

        def work() -> Response:
            row = refund_payment(context=self.context, payment_key=payment_key, end=end, actor=self.actor)
            return Response(SupporterPaymentAnswer(get_payment(key=row.key)).data)

        return once(self, work)


def _after(rows: QuerySet[Any], field: str, query: dict[str, Any]) -> list[Any]:
    """One more than the page holds, from where the cursor says. Raises BadCursorError."""
    place = read_cursor(query.get("cursor", ""), str, int)
    if place is not None:
        try:
            moment = datetime.fromisoformat(place[0])
        except ValueError as error:
            raise BadCursorError from error
        if moment.tzinfo is None:
            raise BadCursorError
        rows = rows.filter(Q(**{f"{field}__lt": moment}) | Q(**{field: moment, "pk__lt": place[1]}))
    return list(rows[: query["limit"] + 1])
