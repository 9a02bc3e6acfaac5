"""Slugs: the first part of a community's address. Lower-case letters, digits and hyphens, 3 to 40 characters."""

from __future__ import annotations

import re

from .errors import BadSlugError

_SHAPE = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

# Addresses that are ours, look like ours, or are looked up by machines.
RESERVED = frozenset(
    """
    abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover beta billing blog bot bots
    cdn chat checkout community connect console contact dashboard demo dev discord dns docs download email engagehub events
    files ftp get git graphql guest hello help home hostmaster hub images imap info internal invite jobs legal live local
    localhost login logout mail media members metrics mobile monitor mx news noreply ns ns1 ns2 oauth official operator
    ops owner pay payment payments pop pop3 portal postmaster pricing privacy prod production public queue register root
    sales sandbox search secure security settings shop signin signup site smtp sso staff staging static stats status store
    stripe support sys system team teams tenant tenants terms test testing tests trust upload user users web webhook
    webhooks webmaster wiki worker ws www xmlrpc
    """.split()
)


def check_slug(slug: str) -> str:
    """`slug`, when it may be an address. Raises BadSlugError with the reason."""
    if not 3 <= len(slug) <= 40:
        raise BadSlugError(slug, "it must have 3 to 40 characters.")
    if not _SHAPE.fullmatch(slug):
        raise BadSlugError(
            slug, "use lower-case letters, digits and hyphens, and neither begin nor end with a hyphen."
        )
    if slug.startswith("xn--") or slug[2:4] == "--":
        raise BadSlugError(slug, "the third and fourth character may not both be hyphens.")
    if slug in RESERVED:
        raise BadSlugError(slug, "it is reserved. Add a word of your own, such as the community's name.")
    return slug
