"""The two communities that every fresh local Discord holds, the same on each machine."""

from __future__ import annotations

from .state import permissions
from .state.entities import CATEGORY, TEXT, VOICE, Channel, Guild, Overwrite, Role
from .state.guilds import create_channel, create_guild, create_role, install_bot
from .state.members import create_user, join_guild
from .state.messages import add_reaction, post_message, start_thread
from .state.snowflakes import seeded_id
from .state.world import World

_USER, _GUILD, _CHANNEL, _ROLE = 1, 2, 3, 4
_JOINED_MS = 1_717_200_000_000
_DAY_MS = 86_400_000

_PEOPLE = [
    ("ada.wren", "Ada Wren"), ("milo", "Milo Castell"), ("junipr", "Juniper"), ("tomasz_k", "Tomasz"),
    ("soraya", "Soraya Bell"), ("pixelpaul", "Paul the Pixel"), ("ines.m", "Inês"), ("kofi", "Kofi Mensah"),
    ("lena_draws", "Lena"), ("ravi", "Ravi Iyer"), ("oakley", "Oakley"), ("yuki.n", "Yuki"),
    ("noor", "Noor Haddad"), ("bram", "Bram de Vries"), ("celeste", "Celeste"), ("hugo_x", "Hugo"),
    ("mira", "Mira Solberg"), ("dante", "Dante"), ("willa", "Willa Finch"), ("zeke", "Zeke"),
    ("anouk", "Anouk"), ("petra", "Petra Novak"), ("silas", "Silas"), ("theo.b", "Théo Blanc"),
]  # fmt: skip

_PIXEL_CHANNELS: list[tuple[str, list[tuple[str, int, str]]]] = [
    ("Start here", [("welcome", TEXT, "Rules and roles"), ("announcements", TEXT, "News from the team")]),
    ("Studio", [
        ("general", TEXT, "Whatever is on your mind"), ("show-your-work", TEXT, "Sketches, sprites, finished pieces"),
        ("feedback", TEXT, "Ask for a second pair of eyes"), ("bot-commands", TEXT, "Talk to EngageHub here"),
    ]),
    ("Voice", [("Lounge", VOICE, ""), ("Draw together", VOICE, ""), ("Away", VOICE, "")]),
]  # fmt: skip
_OWL_CHANNELS: list[tuple[str, list[tuple[str, int, str]]]] = [
    ("The perch", [("lobby", TEXT, "Say hello"), ("announcements", TEXT, "Meetups and readings")]),
    ("Late talks", [
        ("general", TEXT, "Night thoughts"), ("book-club", TEXT, "One book a month"), ("bot-commands", TEXT, ""),
    ]),
    ("Voice", [("Reading room", VOICE, ""), ("Campfire", VOICE, ""), ("Asleep", VOICE, "")]),
]  # fmt: skip
_TALK = [
    (0, "Morning! Who is drawing today?"),
    (3, "Me. Trying a 16-colour palette and regretting it already."),
    (8, "16 is generous. Post it when you have something."),
    (1, "The new brush pack is pinned in <#{feedback}>."),
    (5, "Finished the fox. Twelve frames, one broken tail."),
    (4, "The tail is the best part."),
]


def seed_world(world: World) -> None:
    """Fill an empty world. Ids are the same every time; message times are those of the run."""
    for number, (username, name) in enumerate(_PEOPLE, start=1):
        create_user(world, username=username, display_name=name, user_id=seeded_id(_USER, number))
    helper = create_user(
        world, username="PollPenguin", display_name="PollPenguin", user_id=seeded_id(_USER, 90), bot=True
    )
    pixel = _build(
        world, 1, "Pixel Pals", "A small studio of people who draw with squares.", 1, _PIXEL_CHANNELS
    )
    owls = _build(world, 2, "Night Owls", "Readers and talkers, mostly after ten.", 13, _OWL_CHANNELS)
    _people(world, pixel, list(range(1, 13)), moderators=[2, 5])
    _people(world, owls, [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 1, 4], moderators=[14])
    join_guild(world, pixel, helper, joined_ms=_JOINED_MS)
    owls.screening = True
    for guild in (pixel, owls):
        install_bot(world, guild, granted=permissions.BOT)
        guild.members[world.bot_id].joined_ms = _JOINED_MS + _DAY_MS
        _raise_bot_role(guild, world.bot_id)
    _private_corner(world, pixel)
    _talk(world, pixel)
    world.permissions_changed()


def _build(
    world: World,
    number: int,
    name: str,
    about: str,
    owner: int,
    layout: list[tuple[str, list[tuple[str, int, str]]]],
) -> Guild:
    guild = create_guild(
        world, name=name, owner_id=seeded_id(_USER, owner), guild_id=seeded_id(_GUILD, number)
    )
    guild.description = about
    guild.icon = f"{guild.id:032x}"
    guild.features = ["COMMUNITY", "NEWS"]
    index = number * 100
    for category_name, channels in layout:
        category = create_channel(
            world, guild, name=category_name, type=CATEGORY, channel_id=seeded_id(_CHANNEL, index)
        )
        index += 1
        for channel_name, kind, topic in channels:
            channel = create_channel(
                world, guild, name=channel_name, type=kind, parent_id=category.id,
                channel_id=seeded_id(_CHANNEL, index), topic=topic or None,
            )  # fmt: skip
            index += 1
            if channel_name in ("Away", "Asleep"):
                guild.afk_channel_id = channel.id
    guild.system_channel_id = _named(guild, "general").id
    rows = (("Regular", 0x2B8A3E, 0), ("Muted", 0x868E96, 0), ("Moderator", 0x4F46E5, permissions.MODERATOR))
    for place, (role_name, color, allowed) in enumerate(rows):
        create_role(
            world, guild, name=role_name, role_id=seeded_id(_ROLE, number * 100 + place), allowed=allowed,
            color=color, hoist=bool(allowed),
        )  # fmt: skip
    moderator = guild.roles[seeded_id(_ROLE, number * 100 + 2)]
    moderator.permissions |= permissions.MANAGE_GUILD
    return guild


def _people(world: World, guild: Guild, numbers: list[int], *, moderators: list[int]) -> None:
    by_name = {role.name: role for role in guild.roles.values()}
    for place, number in enumerate(numbers):
        roles: list[int] = []
        if number in moderators:
            roles.append(by_name["Moderator"].id)
        elif place % 3 == 0:
            roles.append(by_name["Regular"].id)
        user = world.users[seeded_id(_USER, number)]
        member = join_guild(world, guild, user, roles=roles, joined_ms=_JOINED_MS + place * 9 * _DAY_MS)
        member.joined_ms = _JOINED_MS + place * 9 * _DAY_MS
        member.roles = roles


def _raise_bot_role(guild: Guild, bot_id: int) -> None:
    """Put the bot above Regular and below Moderator, so that role hierarchy can be tried both ways."""
    order = ["Muted", "Regular", "", "Moderator"]
    for role in guild.roles.values():
        if role.id == guild.id:
            continue
        role.position = 1 + order.index("" if role.bot_id == bot_id else role.name)


def _named(guild: Guild, name: str) -> Channel:
    return next(channel for channel in guild.channels.values() if channel.name == name)


def _role(guild: Guild, name: str) -> Role:
    return next(role for role in guild.roles.values() if role.name == name)


def _private_corner(world: World, guild: Guild) -> None:
    """A channel that only moderators see, and not the bot."""
    moderator = _role(guild, "Moderator")
    create_channel(
        world, guild, name="mod-room", type=TEXT, parent_id=_named(guild, "Start here").id,
        channel_id=seeded_id(_CHANNEL, 190), topic="Moderators only",
        overwrites=[
            Overwrite(guild.id, 0, deny=permissions.VIEW_CHANNEL),
            Overwrite(moderator.id, 0, allow=permissions.VIEW_CHANNEL),
        ],
    )  # fmt: skip


def _talk(world: World, guild: Guild) -> None:
    general, feedback = _named(guild, "general"), _named(guild, "feedback")
    posted = []
    for person, text in _TALK:
        author = seeded_id(_USER, person + 1)
        posted.append(post_message(world, general, author, text.replace("{feedback}", str(feedback.id))))
    add_reaction(world, posted[4], seeded_id(_USER, 5), "🦊")
    add_reaction(world, posted[4], seeded_id(_USER, 1), "🦊")
    add_reaction(world, posted[1], seeded_id(_USER, 9), "😅")
    thread = start_thread(world, guild, general, seeded_id(_USER, 5), "The broken tail", message=posted[4])
    post_message(world, thread, seeded_id(_USER, 5), "Frame 7 is the culprit.")
