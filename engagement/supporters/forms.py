"""What an organiser writes about a tier, checked [pure]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from saas.core.errors import InvalidInputError
from saas.core.text import clean_lines, require_line

from .errors import InvalidTierFormError
from .models import Interval

MAX_NAME: Final = 60
MAX_DESCRIPTION: Final = 500
MAX_PERKS: Final = 6
MAX_PERK: Final = 80
LEAST: Final = 100  # minor units
MOST: Final = 1_000_000
MAX_POINTS: Final = 100_000
CURRENCIES: Final = ("usd", "eur", "gbp")  # those that billing.plans sells in


@dataclass(frozen=True, slots=True)
class TierForm:
    """`amount`: minor units for each month or year. `role_id`: Discord's, or empty. `points`: given for each paid period."""

    name: str
    description: str
    perks: tuple[str, ...]
    amount: int
    currency: str
    interval: str
    role_id: str
    points: int


def check_form(form: TierForm) -> TierForm:
    """The form as it is kept. Raises InvalidTierFormError, whose `field` names what is wrong."""
    try:
        name = require_line(form.name, longest=MAX_NAME, what="A tier's name", field="name")
        perks = tuple(
            require_line(perk, longest=MAX_PERK, what="A perk", field="perks")
            for perk in form.perks
            if perk.strip()
        )
    except InvalidInputError as error:
        raise InvalidTierFormError(error.message, field=error.field) from error
    if len(perks) > MAX_PERKS:
        raise InvalidTierFormError(
            f"A tier lists up to {MAX_PERKS} perks; this has {len(perks)}.", field="perks"
        )
    description = clean_lines(form.description, limit=MAX_DESCRIPTION + 1)
    if len(description) > MAX_DESCRIPTION or len(form.description) > MAX_DESCRIPTION * 8:
        raise InvalidTierFormError(
            f"A description has at most {MAX_DESCRIPTION} characters; this has more. Shorten it.",
            field="description",
        )
    _check_price(form)
    role_id = form.role_id.strip()
    if role_id and not (role_id.isascii() and role_id.isdigit() and 10**16 <= int(role_id[:20]) < 2**63):
        raise InvalidTierFormError(
            f"“{role_id[:30]}” is no Discord role. Choose one from the list.", field="role_id"
        )
    if type(form.points) is not int or not 0 <= form.points <= MAX_POINTS:
        raise InvalidTierFormError(
            f"A paid period gives 0 to {MAX_POINTS:,} points; {form.points!r:.30} is outside of that.",
            field="points",
        )
    return TierForm(name, description, perks, form.amount, form.currency, form.interval, role_id, form.points)


def _check_price(form: TierForm) -> None:
    if type(form.amount) is not int or not LEAST <= form.amount <= MOST:
        raise InvalidTierFormError(
            f"A tier costs {LEAST // 100} to {MOST // 100:,} in its currency; this is outside of that.",
            field="amount",
        )
    if form.currency not in CURRENCIES:
        known = ", ".join(code.upper() for code in CURRENCIES)
        raise InvalidTierFormError(
            f"“{str(form.currency)[:10]}” is no currency that can be chosen. Choose from: {known}.",
            field="currency",
        )
    if form.interval not in Interval.values:
        raise InvalidTierFormError(
            f"“{str(form.interval)[:10]}” is no period. A tier is paid by the month or by the year.",
            field="interval",
        )
