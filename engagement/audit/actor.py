"""Who acts, as the audit log remembers them. Made at each door: pages, REST, bot, commands, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

KINDS: Final = ("user", "member", "discord", "key", "operator", "system", "anonymous")
DOORS: Final = ("web", "rest", "bot", "command", "job", "")
MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` counts in `kind`: a login's, a member's, the person's at Discord, an API key's; 0 for the system and for strangers.

    `role` and `via` are as they were at that moment; `address` is already cut short (`cut_address`).
    """

    kind: str
    id: int
    name: str
    role: str = ""
    via: str = ""
    address: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.via not in DOORS:
            raise ValueError(f"There is no actor of kind {self.kind!r} via {self.via!r}.")


SYSTEM: Final = Actor("system", 0, "EngageHub", via="job")


def cut_address(address: str) -> str:
    """An IP address without the part that names one household: /24 of IPv4, /48 of IPv6. Empty for what is none."""
    try:
        parsed = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ip_network((parsed, 48), strict=False))
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, 24), strict=False))
