"""The demo's catalogues: in every community rewards that fit it, with tiers, stock, codes, pictures, and a sponsor where the plan names
them. Safe to repeat: each reward is made once, by its key, and what somebody changed since stays."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from PIL import Image, ImageDraw

from engagement.audit.actor import SYSTEM
from engagement.credits.models import CreditType
from engagement.files.models import FileUse
from engagement.files.services import store_file
from engagement.rewards.catalogue import create_reward, offer_reward
from engagement.rewards.codes import begin_code_import, work_on_codes
from engagement.rewards.models import Reward, Sponsor
from engagement.rewards.sponsors import create_sponsor
from engagement.rewards.tiers import seed_tiers
from ops.sandbox.discord.state.snowflakes import seeded_id
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError, LimitReachedError

from .communities import DemoCommunity

_ROLE: Final = 4  # the kind of seeded id
_SIZE: Final = (640, 360)


@dataclass(frozen=True)
class DemoReward:
    """`more` as facts.FIELDS. `codes`: how many its pool begins with. `offered`: false stays a draft."""

    key: str
    kind: str
    name: str
    price: int
    category: str
    description: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    codes: int = 0
    sponsored: bool = False
    offered: bool = True


_R = DemoReward
_HAND: Final = {"instructions": "Somebody of the team writes to you within two days."}
SHOPS: Final[Mapping[str, tuple[DemoReward, ...]]] = {
    "pixel-pals": (
        _R("colour-role", "role", "A colour of your own", 60, "Discord", "A role with a colour that you choose, for a month.", {"days": 30}),
        _R("palette-pack", "download", "The studio's palettes", 25, "Downloads", "Twelve palettes of 16 colours, as one sheet."),
        _R("sticker-sheet", "merchandise", "Sticker sheet", 220, "Merch", "Nine of the best squares of the year.\nMatt, weatherproof.", {"countries": ["DE", "AT", "CH"]}, {"stock": 40, "low_stock": 5, "limit_count": 2, "limit_period": "month"}, sponsored=True),
        _R("hoodie", "merchandise", "Pixel hoodie", 900, "Merch", "Black, with the owl that everybody asked for.", {"options": ["S", "M", "L", "XL"]}, {"stock": 12, "low_stock": 3, "limit_count": 1, "approval": "moderator"}, sponsored=True),
        _R("brush-code", "code", "Brush set for your tablet", 180, "Codes", "A code for the whole set at the shop of a friend.", {"instructions": "Enter it at the checkout. It works once."}, {"limit_count": 1}, codes=60),
        _R("portfolio-review", "custom", "Portfolio review", 450, "Time", "Half an hour with somebody who draws for a living.", _HAND, {"stock": 6, "limit_count": 1, "limit_period": "month", "eligibility": {"level": 5}}),
        _R("font-offer", "partner", "30 % off pixel fonts", 80, "Codes", "At the foundry that made our own.", {"url": "https://fonts.example.com/pals", "code": "PALS30"}),
        _R("jam-raffle", "raffle", "Ticket for the tablet draw", 40, "Raffle", "One pen tablet, drawn among all tickets.", {"prize": "A pen tablet", "winners": 1}, {"limit_count": 5}),
        _R("ai-credits", "credits", "50 credits", 120, "Credits", "For the drawing helpers.", {"amount": 50}),
        _R("wall", "custom", "A week on the wall", 300, "Discord", "Your picture on top of the server for a week.", _HAND, {"limit_count": 1, "limit_period": "month"}),
        _R("founder-print", "merchandise", "Founder's print", 1_000, "Merch", "Signed, 30 × 30 cm. For those who were here early.", {}, {"stock": 5, "eligibility": {"days": 60}, "approval": "moderator"}, offered=False),
    ),
    "night-owls": (
        _R("owl-role", "role", "Night owl", 50, "Discord", "A role that glows after ten."),
        _R("reading-list", "download", "The year in books", 15, "Downloads", "All that was read aloud, with page numbers."),
        _R("bookmark", "merchandise", "Felt bookmark", 160, "Merch", "Sewn by a listener.", {"options": ["Green", "Violet"]}, {"stock": 50, "low_stock": 10}),
        _R("bookshop", "code", "Voucher for the bookshop", 400, "Codes", "Ten dollars at a shop that ships everywhere.", {}, {"limit_count": 1, "limit_period": "month"}, codes=40),
        _R("early-episode", "partner", "Next episode a day early", 90, "Listening", "A private feed for the week.", {"url": "https://feed.example.com/early"}, {"limit_count": 1, "limit_period": "week"}),
        _R("name-a-book", "custom", "Choose a book", 700, "Listening", "Yours is read next month.", _HAND, {"stock": 1, "eligibility": {"level": 8}, "approval": "moderator"}),
        _R("signed-copy", "raffle", "Ticket for a signed copy", 30, "Raffle", "Three copies, signed by the guest.", {"prize": "A signed copy", "winners": 3}, {"limit_count": 10}),
        _R("shout-out", "custom", "Shout-out in the show", 250, "Listening", "Your name, said warmly.", _HAND),
    ),
    "harbour-school": (
        _R("mentor-role", "role", "Mentor", 300, "Discord", "For those who help others through.", {}, {"eligibility": {"level": 6}, "approval": "moderator"}),
        _R("cheat-sheets", "download", "Cheat sheets", 10, "Downloads", "Git, SQL and the terminal on three pages."),
        _R("mock-interview", "custom", "Mock interview", 350, "Time", "Forty minutes with a hiring engineer, with notes.", _HAND, {"stock": 8, "limit_count": 1, "limit_period": "month"}),
        _R("course-voucher", "code", "Voucher for a course", 600, "Codes", "One course of the catalogue, for you or a friend.", {}, {"limit_count": 1}, codes=25),
        _R("cloud", "partner", "Three months of hosting", 200, "Offers", "A small server for your project.", {"url": "https://cloud.example.com/students", "code": "HARBOUR"}),
        _R("certificate", "code", "Certificate with a number", 150, "Certificates", "Anybody can check it.", {"source": "generated", "prefix": "HCS-"}, {"limit_count": 1}),
        _R("notebook", "merchandise", "Notebook", 120, "Merch", "Dots, 160 pages, opens flat.", {}, {"stock": 30, "low_stock": 5}),
        _R("laptop-raffle", "raffle", "Ticket for the laptop", 50, "Raffle", "A refurbished laptop, checked by us.", {"prize": "A refurbished laptop", "winners": 1}, {"limit_count": 3}),
        _R("exam-credits", "credits", "A second try", 80, "Credits", "Credits for another attempt.", {"amount": 1}),
    ),
    "ledgerline": (
        _R("ai-pack", "credits", "100 credits", 200, "Credits", "For receipts that read themselves.", {"amount": 100}),
        _R("seat", "code", "A seat for a month", 500, "Plan", "One more colleague, on us.", {"source": "generated", "prefix": "SEAT-"}, {"limit_count": 1, "limit_period": "month"}),
        _R("tax-guide", "download", "Year-end guide", 20, "Downloads", "What to close, in which order."),
        _R("onboarding", "custom", "Hour with an accountant", 800, "Time", "Bring your messiest account.", _HAND, {"stock": 4, "approval": "moderator"}),
        _R("bank", "partner", "Free business account", 100, "Offers", "At a bank that talks to Ledgerline.", {"url": "https://bank.example.com/ledgerline"}, sponsored=True),
        _R("beta", "custom", "Early access", 60, "Plan", "New features two weeks before everybody.", _HAND, {"limit_count": 1}),
        _R("mug", "merchandise", "“Balanced” mug", 180, "Merch", "Holds 300 ml and a straight face.", {}, {"stock": 60, "low_stock": 10}, sponsored=True),
        _R("conference", "raffle", "Ticket for the conference", 75, "Raffle", "Two passes, hotel included.", {"prize": "A conference pass", "winners": 2}, {"limit_count": 4}),
    ),
    "fern-and-field": (
        _R("seeds", "merchandise", "Seeds of the month", 40, "Plants", "Three packets that suit the season.", {}, {"stock": 100, "low_stock": 15, "limit_count": 1, "limit_period": "month"}),
        _R("ten-off", "code", "£10 off", 120, "Vouchers", "On anything from £40.", {"instructions": "Enter it at the till or online. It works once."}, {"limit_count": 2, "limit_period": "month"}, codes=120),
        _R("delivery", "code", "Free delivery", 30, "Vouchers", "For one order.", {"source": "generated", "prefix": "FERN-"}),
        _R("calendar", "download", "Planting calendar", 10, "Downloads", "What to sow when, for the whole year."),
        _R("workshop", "custom", "Place in a workshop", 300, "Workshops", "Repotting, pruning and tea.", _HAND, {"stock": 10}),
        _R("garden-tour", "partner", "Half price at the garden", 90, "Offers", "At three gardens nearby.", {"url": "https://gardens.example.com/fern"}, sponsored=True),
        _R("olive", "merchandise", "Olive tree", 950, "Plants", "Four years old, in clay.", {"countries": ["GB"]}, {"stock": 6, "low_stock": 2, "approval": "moderator"}),
        _R("greenhouse", "raffle", "Ticket for the greenhouse", 25, "Raffle", "A small one, delivered and built.", {"prize": "A greenhouse", "winners": 1}, {"limit_count": 10}),
    ),
}  # fmt: skip
_SPONSORS: Final = {
    "pixel-pals": ("Northern Inks", "https://inks.example.com", 200),
    "ledgerline": ("Harbour Bank", "https://bank.example.com", 500),
    "fern-and-field": ("Three Gardens Trust", "https://gardens.example.com", 300),
}


def stock_demo_shop(community: DemoCommunity, context: TenantContext, *, now: datetime) -> int:
    """Make what is missing of the community's catalogue; answers how many rewards were made."""
    made = 0
    with enter_tenant(context):
        seed_tiers()
        sponsor_id = _find_sponsor(community, context)
        for one in SHOPS[community.slug]:
            if not Reward.objects.filter(key=one.key).exists():
                made += _make(one, community, context, sponsor_id, now)
    return made


def _make(
    one: DemoReward, community: DemoCommunity, context: TenantContext, sponsor_id: int | None, now: datetime
) -> bool:
    settings = _settings(one, community, now)
    if settings is None:
        return False  # a role without a server, credits where there are none
    picture = store_file(
        use=FileUse.PICTURE, name=f"{one.key}.png", data=draw_picture(one.key, community.colour)
    )
    facts = {
        "name": one.name,
        "price": one.price,
        "category": one.category,
        "description": one.description,
        "picture_id": picture.pk,
        "settings": settings,
        "sponsor_id": sponsor_id if one.sponsored else None,
        **one.more,
    }
    reward = create_reward(context=context, kind=one.kind, facts=facts, actor=SYSTEM, key=one.key)
    if one.codes:
        text = "\n".join(_code(community.slug, one.key, number) for number in range(one.codes))
        run = begin_code_import(
            reward_id=reward.pk, name="demo.csv", data=text.encode(), actor=SYSTEM, key=f"demo:{one.key}"
        )
        work_on_codes(run_id=run.pk)
    if one.offered:
        with suppress(LimitReachedError):  # then it waits as a draft
            offer_reward(context=context, reward_id=reward.pk, actor=SYSTEM)
    return True


def _settings(one: DemoReward, community: DemoCommunity, now: datetime) -> dict[str, Any] | None:
    settings = dict(one.settings)
    if one.kind == "role":
        if community.guild is None:
            return None
        settings["role_id"] = str(seeded_id(_ROLE, community.guild.regular_role))
    elif one.kind == "credits":
        found = CreditType.objects.filter(archived_at=None).order_by("pk").first()
        if found is None:
            return None
        settings["type_id"] = found.pk
    elif one.kind == "raffle":
        draw = (now + timedelta(days=21)).replace(hour=18, minute=0, second=0, microsecond=0)
        settings["draws_at"] = draw.isoformat()
    elif one.kind == "download":
        file = store_file(
            use=FileUse.DOWNLOAD, name=f"{one.key}.pdf", data=_draw_sheet(one.name, community.colour)
        )
        settings["file_id"] = file.pk
    return settings


def _find_sponsor(community: DemoCommunity, context: TenantContext) -> int | None:
    if community.slug not in _SPONSORS:
        return None
    name, url, budget = _SPONSORS[community.slug]
    found = Sponsor.objects.filter(name=name).first()
    if found is None:
        try:
            facts = {"name": name, "url": url, "budget": budget}
            found = create_sponsor(context=context, facts=facts, actor=SYSTEM)
        except GateClosedError:
            return None
    return found.pk


def draw_picture(seed: str, colour: str) -> bytes:
    """A calm pattern in the community's colour, another one for each seed."""
    marks = sha256(seed.encode()).digest()
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    picture = Image.new("RGB", _SIZE, (red, green, blue))
    draw = ImageDraw.Draw(picture, "RGBA")
    for number in range(6):
        x, y, size, tone = marks[number * 4 : number * 4 + 4]
        centre = (x * _SIZE[0] // 255, y * _SIZE[1] // 255)
        radius = 40 + size
        light = 255 if tone % 2 else 0
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        shade = (light, light, light, 18 + tone // 6)
        if tone % 3:
            draw.ellipse(box, fill=shade)
        else:
            draw.rounded_rectangle(box, radius=radius // 3, fill=shade)
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()


def _draw_sheet(title: str, colour: str) -> bytes:
    page = Image.new("RGB", (595, 842), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 595, 120), fill=colour)
    draw.text((40, 50), title, fill="white")
    kept = io.BytesIO()
    page.save(kept, "PDF")
    return kept.getvalue()


def _code(slug: str, key: str, number: int) -> str:
    return f"{key[:4].upper()}-{sha256(f'{slug}:{key}:{number}'.encode()).hexdigest()[:12].upper()}"
