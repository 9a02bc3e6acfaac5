"""Who can sign in to the demo, and as what. Needs no Django: the stack prints them."""

from __future__ import annotations

from typing import Final

PASSWORD: Final = "engagehub"
# Username, name, number among the local Discord's people (None: no Discord), and what they are where. Some are on several
# teams, so that switching between communities can be tried.
LOGINS: Final[tuple[tuple[str, str, int | None, dict[str, str]], ...]] = (
    ("ada.wren", "Ada Wren", 1, {"pixel-pals": "owner", "night-owls": "admin", "ledgerline": "analyst"}),
    ("milo", "Milo Castell", 2, {"pixel-pals": "moderator"}),
    ("noor", "Noor Haddad", 13, {"night-owls": "owner"}),
    ("kofi", "Kofi Mensah", 8, {"harbour-school": "owner"}),
    ("grace", "Grace Lindqvist", None, {"ledgerline": "owner", "harbour-school": "analyst"}),
    ("rowan", "Rowan Ashdown", None, {"fern-and-field": "owner"}),
)
OPERATOR: Final = "operator"
