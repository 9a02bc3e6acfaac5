"""ops/plans.md says what the plans say, and the same as the pricing page."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from types import MappingProxyType
from typing import Any

import pytest

from billing import plans
from ops.check.plans import FAMILIES, PLACE, build_page, find_plan_problems
from ops.devstack.places import PROJECT
from tests.frontend_api.hosts import BASE, Browser

PAGES = {"discord": "servers", "saas": "products", "course": "courses"}


def test_the_page_is_what_the_plans_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_plan_problems() == []
    dearer = replace(plans.get_plan("pro"), prices=plans._prices(51, 50, 40))
    monkeypatch.setattr(plans, "PLANS", MappingProxyType({**plans.PLANS, "pro": dearer}))
    assert find_plan_problems() == [
        f"{PLACE} is not what the plans say. Write it again: python -m ops.check.plans"
    ]


@pytest.mark.parametrize("kind", PAGES)
def test_the_pricing_page_says_the_same(db: None, settings: Any, kind: str) -> None:
    answer = Browser().on(BASE).get(f"/pricing/?for={PAGES[kind]}")
    told = read_table(answer.content.decode())
    assert told == read_section(dict(FAMILIES)[kind])
    assert len(told) > 5


def read_section(title: str) -> dict[str, list[str]]:
    """Row → cells, of one family in the document; prices, which the page has elsewhere, are left out."""
    section = (PROJECT / PLACE).read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ")
    ]
    return {name: cells for name, *cells in rows[2:] if not name.startswith("A ")}


def read_table(page: str) -> dict[str, list[str]]:
    """Row → cells, of the page's comparison."""
    found = {}
    table = page.partition('<table class="plan-table">')[2].partition("</table>")[0]
    for name, rest in re.findall(r'<tr><th scope="row">([^<]+)(.*?)</tr>', table, re.S):
        cells = re.findall(r"<td>(.*?)</td>", rest, re.S)
        found[unescape(name)] = [read_cell(cell) for cell in cells]
    return found


def read_cell(html: str) -> str:
    if "Included" in html and "Not included" not in html:
        return "yes"
    return "–" if "Not included" in html else unescape(html).strip()


def test_what_is_still_to_come_is_not_promised() -> None:
    assert "Custom domain" not in build_page()
