"""What Stripe asks of who is paid out, in plain words [pure]."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# The first prefix or suffix that fits a name such as “individual.verification.document”.
_WORDS: Final = (
    ("external_account", "A bank account for payouts"),
    ("tos_acceptance", "Agreement to Stripe’s terms"),
    ("business_profile.url", "A website, or a description of what you offer"),
    ("business_profile.product_description", "A website, or a description of what you offer"),
    ("business_profile", "Facts about what you offer"),
    ("business_type", "Whether you are a person or a company"),
    ("company.tax_id", "The company’s tax number"),
    ("company", "Facts about the company"),
    ("representative", "Facts about who represents the company"),
    ("owners", "Facts about who owns the company"),
    ("directors", "Facts about the company’s directors"),
    ("executives", "Facts about the company’s executives"),
)
_OF_A_PERSON: Final = (
    ("verification", "A document that shows who you are"),
    ("id_number", "Your tax or identity number"),
    ("ssn_last_4", "Your tax or identity number"),
    ("dob", "Your date of birth"),
    ("address", "Your address"),
    ("email", "Your mail address"),
    ("phone", "Your phone number"),
    ("name", "Your name"),
)


def describe_required(names: Iterable[str]) -> list[str]:
    """Each thing once, in Stripe's order; what has no words here reads as “More facts for Stripe”."""
    found: dict[str, None] = {}
    for name in names:
        found.setdefault(_describe(str(name)))
    return list(found)


def _describe(name: str) -> str:
    if name.startswith(("individual.", "person_")):
        return next((words for part, words in _OF_A_PERSON if part in name), "More facts about you")
    return next((words for prefix, words in _WORDS if name.startswith(prefix)), "More facts for Stripe")
