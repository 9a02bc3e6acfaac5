"""ops/plans.md: the plans as the pricing page has them, and where each gate and limit is enforced; made of the declarations.

python -m ops.check.plans     writes it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops.devstack.places import PROJECT

PLACE: Final = "ops/plans.md"
# A kind of community that is offered the family, and what the family is called.
FAMILIES: Final = (
    ("discord", "Servers and creators, each by itself"),
    ("saas", "Products and brands"),
    ("course", "Courses, for each cohort that runs"),
)
HEAD: Final = """# Plans

What each plan gives, and where that is enforced. Written by `python -m ops.check.plans` from `billing/plans.py` and `tenants/gates.py`; the
pricing page is made of the same. A year costs ten months. Prices are without tax. What is over a smaller plan's limits waits; nothing is
deleted. After changing a plan: `manage.py sync_plans`.
"""


def find_plan_problems() -> list[str]:
    path = PROJECT / PLACE
    if path.exists() and path.read_text() == build_page():
        return []
    return [f"{PLACE} is not what the plans say. Write it again: python -m ops.check.plans"]


def build_page() -> str:
    from billing.plans import plans_for
    from billing.pricing import pricing_table

    lines = [HEAD]
    for kind, title in FAMILIES:
        plans = plans_for(kind)
        lines += [
            f"## {title}",
            "",
            _row(["", *(plan.name for plan in plans)]),
            _row(["---"] * (len(plans) + 1)),
        ]
        lines += list(_prices(plans))
        for group in pricing_table(plans):
            lines += [
                _row([row.title, *(_CELLS.get(cell.kind, cell.text) for cell in row.cells)])
                for row in group.rows
            ]
        lines += [""]
    lines += [*_metered(), *_freezing(), *_surfaces()]
    return "\n".join(lines)


_CELLS: Final = {"yes": "yes", "no": "–"}


def _prices(plans: Sequence[object]) -> Iterator[str]:
    from billing.plans import CURRENCIES, INTERVALS, Plan
    from frontend_api.money import write_money

    known = [plan for plan in plans if isinstance(plan, Plan)]
    for interval in INTERVALS:
        cells = [
            "–"
            if plan.is_free
            else " / ".join(write_money(plan.price(interval, one), one) for one in CURRENCIES)
            for plan in known
        ]
        yield _row([f"A {interval}", *cells])


def _metered() -> Iterator[str]:
    from billing.plans import CURRENCIES, METERS, PLANS
    from frontend_api.money import write_money

    yield "## By use, above what a plan includes"
    yield ""
    yield _row(["", "for each", "price", "included each month"])
    yield _row(["---"] * 4)
    for meter in METERS.values():
        price = " / ".join(write_money(meter.price(one), one) for one in CURRENCIES)
        included = [
            f"{plan.name} {plan.included(meter.name):,}"
            for plan in PLANS.values()
            if meter.name in plan.metered
        ]
        yield _row([meter.title, meter.unit, price, ", ".join(included)])
    yield ""


def _freezing() -> Iterator[str]:
    from tenants.gates import GATES, LIMITS

    yield "## What a smaller plan freezes, and what it keeps"
    yield ""
    yield "Told before a smaller plan is confirmed. Nothing is deleted; a plan with more thaws exactly what was frozen. Each line is acted out by"
    yield "`tests/billing/test_promises.py`."
    yield ""
    yield _row(["what", "stops", "is kept"])
    yield _row(["---"] * 3)
    for one in (GATES | LIMITS).values():
        if one.built:
            yield _row([one.title, one.freezes, one.spares or "–"])
    yield ""


def _surfaces() -> Iterator[str]:
    from tenants.gates import GATES, LIMITS

    yield "## Where it is enforced"
    yield ""
    yield "Each place is asked under every plan by `tests/gates`."
    yield ""
    yield _row(["name", "what", "places"])
    yield _row(["---"] * 3)
    for name, one in (GATES | LIMITS).items():
        if one.built:
            yield _row([f"`{name}`", one.title, ", ".join(one.surfaces)])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    (PROJECT / PLACE).write_text(build_page())
