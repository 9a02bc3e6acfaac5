"""The rows of a bulk act: the ticked ones as they come, all that match, and never a part of them unsaid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from frontend_api.dashboard.access import Desk
from frontend_api.dashboard.parts.bulk import address_of_list, choose_rows, read_act
from frontend_api.dashboard.parts.filters import Choice, Filter
from frontend_api.dashboard.parts.lists import BulkAct, Column, ListKind, ListQuery, Sort
from saas.core.errors import InvalidInputError

DESK = cast(Desk, SimpleNamespace(context=SimpleNamespace(timezone="UTC")))
MOST = 5


def build(given: QueryDict) -> ListKind:
    choices = (Choice("on", "on offer"), Choice("off", "paused"))
    return ListKind(
        key="rewards",
        name="rewards",
        columns=(Column("name", "Name", str),),
        sorts=(Sort("name", "text"),),
        sort="name",
        source=cast(Any, None),
        filters=(Filter("state", "State", "choice", choices),),
    )


def chosen(sent: dict[str, Any], held: int = 0) -> list[int]:
    """`held`: how many the list holds whose state is on offer; of others it holds none."""

    def list_ids(query: ListQuery, *, limit: int) -> list[int]:
        return list(range(1, held + 1))[:limit] if query.values.get("state") == ("on",) else []

    request = RequestFactory().post("/", sent)
    return choose_rows(request, DESK, build, list_ids, noun="rewards", most=MOST)


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (["3", "1", "3"], [3, 1]),
        (["7,8,9"], [7, 8, 9]),
        (["1", "x", "-2", "1e9", "٣", "9" * 19, ""], [1]),
        ([str(number) for number in range(1, 9)], [1, 2, 3, 4, 5]),
        ([], []),
    ],
)
def test_ticked_rows_are_read_once_each_and_whatever_is_no_number_is_left_out(
    ids: list[str], wanted: list[int]
) -> None:
    assert chosen({"ids": ids}) == wanted


def test_all_that_match_are_those_of_the_list_as_narrowed() -> None:
    sent = {"scope": "all", "ids": ["9"]}
    assert chosen({**sent, "query": "state=on"}, held=MOST) == [1, 2, 3, 4, 5]
    assert chosen({**sent, "query": "state=off"}, held=MOST) == []


def test_more_than_can_be_done_at_once_are_refused_instead_of_cut() -> None:
    with pytest.raises(InvalidInputError, match=r"More than 5 rewards match\. Narrow the list down and act"):
        chosen({"scope": "all", "query": "state=on"}, held=MOST + 1)


def test_an_act_that_there_is_not_is_refused() -> None:
    acts = {"pause": BulkAct("pause", "Pause", "ban", "change_rewards")}
    assert read_act(RequestFactory().post("/", {"act": "pause"}), acts, "rewards") is acts["pause"]
    with pytest.raises(InvalidInputError, match="Choose what to do"):
        read_act(RequestFactory().post("/", {"act": "burn"}), acts, "rewards")


def test_the_way_back_keeps_what_the_list_was_narrowed_to() -> None:
    assert address_of_list(RequestFactory().post("/", {"query": "state=on"}), "dashboard-rewards").endswith(
        "/dashboard/rewards/?state=on"
    )
    assert address_of_list(RequestFactory().post("/"), "dashboard-rewards").endswith("/dashboard/rewards/")
