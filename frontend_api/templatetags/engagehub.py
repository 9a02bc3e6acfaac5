"""The template tags of every page: icons, figures, moments, avatars, the level ring."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend_api import figures
from frontend_api.dashboard.parts.rows import AVATAR_COLOURS
from frontend_api.money import write_money
from frontend_api.questions import icon_of
from saas.core import clock

register = template.Library()
RING_LENGTH = 264  # the circumference of the ring's circle, radius 42


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration beside a word."""
    return _draw_icon(name, label)


@lru_cache(maxsize=1024)
def _draw_icon(name: str, label: str) -> SafeString:
    """A page has dozens, and the address of the sprite is looked up for each."""
    address = f"{static('vendor/icons/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, address
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', address)


@register.filter
def kind_icon(name: str) -> str:
    """The icon that a kind of submission is shown by."""
    return icon_of(name)


@register.filter
def whole(number: int) -> str:
    return figures.write_whole(number)


@register.filter
def signed(number: int) -> str:
    return figures.write_signed(number)


@register.filter
def unit(number: int, name: str) -> str:
    return figures.write_unit(number, name)


@register.filter
def money(amount: int, currency: str) -> str:
    return write_money(amount, currency)


@register.filter
def exact_money(amount: int, currency: str) -> str:
    return write_money(amount, currency, exact=True)


@register.simple_tag
def day(value: datetime) -> SafeString:
    """A moment by its day alone, `3 March 2027`, with the exact one on hover."""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        figures.write_moment(local),
        figures.write_day(local),
    )


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """A relative time with the exact one on hover, its zone named."""
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        local.isoformat(timespec="seconds"),
        figures.write_moment(local),
        figures.write_ago(moment, clock.now()),
    )


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """The exact moment in words, its zone named."""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), figures.write_moment(local)
    )


@register.simple_tag
def span(start: datetime, end: datetime) -> SafeString:
    """From when until when, the zone named."""
    return format_html(
        '<span class="span">{}</span>', figures.write_span(timezone.localtime(start), timezone.localtime(end))
    )


@register.inclusion_tag("parts/change.html")
def change(now: int, before: int, since: str) -> dict[str, Any]:
    return {"change": figures.compare(now, before), "since": since}


@register.inclusion_tag("parts/avatar.html")
def avatar(name: str, url: str, key: int, size: str = "") -> dict[str, Any]:
    """A face: the picture over the initials, so that a picture which fails leaves the initials."""
    return {
        "initials": figures.initials_of(name),
        "url": url,
        "colour": key % AVATAR_COLOURS,
        "size": size,
    }


@register.inclusion_tag("parts/ring.html")
def ring(level: int, fraction: float) -> dict[str, Any]:
    """The level ring; `fraction` of the way to the next level, from 0 to 1."""
    share = min(1.0, max(0.0, fraction))
    return {
        "level": level,
        "filled": round(share * RING_LENGTH, 1),
        "length": RING_LENGTH,
        "percent": round(share * 100),
    }
