"""Why a page is not looked at. Nobody is told: a link without a preview is a link."""

from __future__ import annotations


class LinkError(Exception):
    """No preview."""


class LinkRefusedError(LinkError):
    """It would be so again: an address that is none of ours to visit, no HTML, or a server that says no."""


class LinkAwayError(LinkError):
    """It may be otherwise later: no answer in time, or the server's own trouble."""
