"""What each demo community is like. Numbers of people and of channels are those of the local Discord's seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

# Share of a day's traffic in each local hour, midnight first.
EVENINGS = (3, 2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 5, 5, 5, 6, 8, 10, 12, 13, 12, 9, 5)
NIGHTS = (12, 11, 8, 5, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5, 6, 8, 9, 11, 13, 13)
OFFICE = (1, 1, 1, 1, 1, 2, 4, 7, 11, 13, 12, 10, 7, 9, 11, 11, 10, 7, 4, 3, 2, 2, 1, 1)
LESSONS = (1, 1, 1, 1, 1, 1, 2, 4, 6, 8, 8, 7, 5, 6, 7, 7, 7, 8, 11, 13, 12, 9, 5, 2)
SHOPPING = (3, 2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 10, 8, 7, 6, 6, 7, 9, 11, 13, 12, 9, 5)

# Monday first.
AFTER_WORK = (0.9, 0.9, 1.0, 1.0, 1.2, 1.3, 1.2)
WORKDAYS = (1.2, 1.25, 1.2, 1.15, 0.9, 0.3, 0.3)
STUDY = (1.3, 1.2, 1.2, 1.1, 0.7, 0.7, 1.1)


@dataclass(frozen=True)
class DemoGuild:
    """The Discord server of a community, as the local Discord seeds it."""

    number: int  # 1 is its first guild
    talk: tuple[int, ...]  # numbers of its text channels, the busiest first
    voice: tuple[int, ...]
    category: int
    regular_role: int


@dataclass(frozen=True)
class DemoRule:
    """A rule for what the community's own software reports."""

    key: str
    name: str
    amount: int
    daily_count_cap: int


@dataclass(frozen=True)
class DemoCommunity:
    """`daily` is the number of activities on an ordinary day at its present size; `own_types` are what its own software
    reports, with how often each happens."""

    slug: str
    name: str
    kind: str
    timezone: str
    colour: str
    points_name: str
    about: str
    people: int
    first_person: int  # number of the first one among the local Discord's users
    days: int  # of history
    daily: int
    hours: tuple[int, ...]
    weekdays: tuple[float, ...]
    guild: DemoGuild | None = None
    own_types: tuple[tuple[str, int], ...] = ()
    live: bool = True
    first_weekday: int = 0
    spammers: int = 0
    farmers: int = 0
    ring: int = 0  # people who only react to each other
    founders: tuple[int, ...] = field(default=())  # the local Discord's named people who belong here
    own_rules: tuple[DemoRule, ...] = ()  # beside those of its kind

    def first_day(self, born: date) -> date:
        """The first day of its history; `born` is the day on which the demo was made."""
        return born - timedelta(days=self.days)


COMMUNITIES = (
    DemoCommunity(
        slug="pixel-pals",
        name="Pixel Pals",
        kind="discord",
        timezone="Europe/Berlin",
        colour="#4f46e5",
        points_name="points",
        about="A small studio of people who draw with squares.",
        people=140,
        first_person=100,
        days=150,
        daily=110,
        hours=EVENINGS,
        weekdays=AFTER_WORK,
        guild=DemoGuild(1, (104, 105, 106), (109, 110), 103, 100),
        spammers=4,
        farmers=2,
        ring=3,
        founders=tuple(range(1, 13)),
    ),
    DemoCommunity(
        slug="night-owls",
        name="Night Owls",
        kind="creator",
        timezone="America/New_York",
        colour="#7c3aed",
        points_name="feathers",
        about="The listeners of a podcast about books, mostly after ten.",
        people=90,
        first_person=400,
        days=120,
        daily=70,
        hours=NIGHTS,
        weekdays=AFTER_WORK,
        guild=DemoGuild(2, (204, 205, 201), (208, 209), 203, 200),
        own_types=(("video_watched", 10), ("comment_written", 4), ("content_shared", 2)),
        own_rules=(
            DemoRule("video_watched", "Watching a video", 15, 5),
            DemoRule("comment_written", "Commenting", 10, 10),
            DemoRule("content_shared", "Sharing an episode", 40, 2),
        ),
        first_weekday=6,
        spammers=2,
        founders=(*range(13, 25), 1, 4),
    ),
    DemoCommunity(
        slug="harbour-school",
        name="Harbour Code School",
        kind="course",
        timezone="Europe/Lisbon",
        colour="#0f766e",
        points_name="points",
        about="A part-time course for people who change into software.",
        people=60,
        first_person=700,
        days=110,
        daily=60,
        hours=LESSONS,
        weekdays=STUDY,
        guild=DemoGuild(3, (304, 305, 306), (308,), 303, 300),
        own_types=(("lesson_completed", 14), ("quiz_passed", 6)),
        farmers=1,
    ),
    DemoCommunity(
        slug="ledgerline",
        name="Ledgerline",
        kind="saas",
        timezone="America/Chicago",
        colour="#1d4ed8",
        points_name="credits",
        about="The users of bookkeeping software for small firms.",
        people=120,
        first_person=1000,
        days=130,
        daily=60,
        hours=OFFICE,
        weekdays=WORKDAYS,
        own_types=(("feature_used", 20), ("feedback_sent", 3), ("purchase", 1)),
        farmers=2,
        first_weekday=6,
    ),
    DemoCommunity(
        slug="fern-and-field",
        name="Fern & Field",
        kind="brand",
        timezone="Europe/London",
        colour="#4d7c0f",
        points_name="leaves",
        about="Customers of a shop for plants, tools and patience.",
        people=110,
        first_person=1400,
        days=60,
        daily=35,
        hours=SHOPPING,
        weekdays=AFTER_WORK,
        own_types=(("purchase", 10), ("review_written", 4), ("referral", 1)),
        live=False,
    ),
)  # fmt: skip


def get_demo(slug: str) -> DemoCommunity:
    """Raises KeyError."""
    return {community.slug: community for community in COMMUNITIES}[slug]
