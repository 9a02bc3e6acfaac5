"""The control API, `/sandbox/...`: JSON in, JSON out; an error is 422 with one sentence in `error`.

    GET    state · messages · commands · visible · violations · sessions · faults · traffic · calls · audit · events
    POST   users · dms · guilds · channels · roles · messages · special · reactions · threads · voice · members · commands · menus
           autocomplete · buttons · selects · modals · faults · traffic · reset · save · bot
    PATCH  messages/{id} · guilds/{guild}        DELETE  messages/{id} · reactions · faults · traffic · violations

Guilds, channels, members and roles are given by id or name. Commands, buttons and forms wait for the bot's answer
and return the interaction's record, unless `"wait": false`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from ..errors import ControlError, DiscordError
from ..rest.call import answer
from ..state.entities import Message
from ..state.members import open_dm
from ..state.payloads import (
    Payload,
    channel_payload,
    guild_payload,
    message_payload,
    role_payload,
    user_payload,
)
from . import views
from .find import find_guild, find_message, find_user
from .live import Live

if TYPE_CHECKING:
    from ..server import LocalDiscord

Body = dict[str, Any]
Action = Callable[["LocalDiscord", Body], Any]


def add_control(app: web.Application, discord: LocalDiscord) -> None:
    """Mount the control API."""
    live = Live(discord)
    app.router.add_get("/sandbox/events", live.serve)
    for (method, path), action in _ACTIONS.items():
        app.router.add_route(method, f"/sandbox/{path}", _bind(discord, action))


def _bind(discord: LocalDiscord, action: Action) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            return answer({"error": "Only pages of the local Discord itself may use its controls."}, 403)
        raw = await request.read()
        try:
            body = orjson.loads(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("Send a JSON object.")
            result = action(discord, dict(request.query) | body | dict(request.match_info))
            if isinstance(result, Awaitable):
                result = await result
        except orjson.JSONDecodeError as error:
            return answer({"error": f"The body is no JSON: {error}."}, 422)
        except KeyError as error:
            return answer({"error": f"The field {error} is missing."}, 422)
        except (ControlError, DiscordError, TypeError, ValueError) as error:
            return answer({"error": str(error)}, 422)
        return answer({} if result is None else result)

    return handle


def _told(discord: LocalDiscord, message: Message) -> Payload:
    return message_payload(discord.world, message)


# --- reading ---


def _messages(discord: LocalDiscord, body: Body) -> list[Payload]:
    user_id = int(body["user"]) if body.get("user") else None
    return views.channel_messages(
        discord.world,
        int(body["channel"]),
        user_id=user_id,
        limit=int(body.get("limit", 60)),
        before=int(body.get("before", 0)),
    )


def _commands(discord: LocalDiscord, body: Body) -> list[Payload]:
    guild = find_guild(discord.world, body["guild"]) if body.get("guild") else None
    return views.commands_for(discord.world, guild, find_user(discord.world, body["member"]))


def _visible(discord: LocalDiscord, body: Body) -> list[str]:
    guild = find_guild(discord.world, body["guild"])
    return views.may_see(discord.world, guild, find_user(discord.world, body["member"]).id)


# --- people, places, messages ---


def _create_guild(discord: LocalDiscord, body: Body) -> Payload:
    guild = discord.state.create_guild(body["name"], body["owner"], with_bot=bool(body.get("with_bot", True)))
    return guild_payload(discord.world, guild)


def _create_channel(discord: LocalDiscord, body: Body) -> Payload:
    channel = discord.state.create_channel(
        body["guild"], body["name"], type=int(body.get("type", 0)), parent=body.get("parent")
    )
    return channel_payload(discord.world, channel)


def _create_role(discord: LocalDiscord, body: Body) -> Payload:
    position = int(body["position"]) if body.get("position") is not None else None
    role = discord.state.create_role(
        body["guild"], body["name"], allowed=int(body.get("permissions", 0)), position=position
    )
    return role_payload(role)


def _post(discord: LocalDiscord, body: Body) -> Payload:
    message = discord.state.post_message(
        body.get("guild"),
        body.get("channel"),
        body["member"],
        str(body["text"]),
        reply_to=body.get("reply_to"),
        embeds=body.get("embeds"),
    )
    return _told(discord, message)


def _post_special(discord: LocalDiscord, body: Body) -> Payload:
    """`webhook` (a name) writes as an integration; else `type` is that of a system message about `member`."""
    guild, channel = body["guild"], body["channel"]
    if body.get("webhook"):
        message = discord.state.post_webhook(guild, channel, str(body["webhook"]), str(body["text"]))
    else:
        message = discord.state.post_system(guild, channel, body["member"], type=int(body.get("type", 7)))
    return _told(discord, message)


def _delete(discord: LocalDiscord, body: Body) -> None:
    message = find_message(discord.world, body["id"])
    if str(body.get("automod", "")).lower() in ("1", "true"):
        discord.state.automod_delete(message)
    else:
        discord.state.delete_message(message)


def _react(discord: LocalDiscord, body: Body) -> None:
    change = discord.state.unreact if body.get("remove") else discord.state.react
    change(body["message"], body["member"], str(body["emoji"]))


def _clear_reactions(discord: LocalDiscord, body: Body) -> None:
    emoji = str(body["emoji"]) if body.get("emoji") else None
    discord.state.clear_reactions(body["message"], emoji)


def _change_guild(discord: LocalDiscord, body: Body) -> Payload:
    """`name` and `icon` as they are to be; `owner` is a member."""
    guild = find_guild(discord.world, body["guild"])
    fields = {key: str(body[key]) for key in ("name", "icon") if body.get(key)}
    if fields:
        discord.state.change_guild(guild, **fields)
    if body.get("owner"):
        discord.state.hand_over(guild, body["owner"])
    return guild_payload(discord.world, guild)


def _thread(discord: LocalDiscord, body: Body) -> Payload:
    thread = discord.state.start_thread(
        body["guild"], body["channel"], body["member"], str(body["name"]), message=body.get("message")
    )
    return channel_payload(discord.world, thread)


def _voice(discord: LocalDiscord, body: Body) -> None:
    if body.get("channel") is None:
        discord.state.leave_voice(body["guild"], body["member"])
        return
    discord.state.join_voice(
        body["guild"],
        body["member"],
        body["channel"],
        self_mute=bool(body.get("self_mute")),
        self_deaf=bool(body.get("self_deaf")),
    )


def _member(discord: LocalDiscord, body: Body) -> None:
    """`action`: join, leave, screen, give, take (with `role`), nick, timeout (`until_ms`), dms (`open`), locale, mute."""
    state, guild, member = discord.state, body.get("guild", ""), body["member"]
    action = body["action"]
    if action == "join":
        state.join(guild, member)
    elif action == "leave":
        state.leave(guild, member)
    elif action == "screen":
        state.pass_screening(guild, member)
    elif action == "give":
        state.give_role(guild, member, body["role"])
    elif action == "take":
        state.take_role(guild, member, body["role"])
    elif action == "nick":
        state.update_member(guild, member, nick=body.get("nick") or None)
    elif action == "timeout":
        state.update_member(guild, member, timeout_ms=body.get("until_ms"))
    elif action == "dms":
        state.set_dms(member, open=bool(body["open"]))
    elif action == "locale":
        state.set_locale(member, str(body["locale"]))
    elif action == "mute":
        state.server_mute(guild, member, mute=bool(body.get("mute", True)), deaf=bool(body.get("deaf")))
    else:
        raise ControlError(f"There is no action {action!r} on members.")


def _bot(discord: LocalDiscord, body: Body) -> None:
    """`action`: install, remove, delete (the guild), unavailable, available."""
    state, guild, action = discord.state, body["guild"], body["action"]
    actions: dict[str, Callable[[], None]] = {
        "install": lambda: state.install_bot(guild),
        "remove": lambda: state.remove_bot(guild),
        "delete": lambda: state.delete_guild(guild),
        "unavailable": lambda: state.set_unavailable(guild, True),
        "available": lambda: state.set_unavailable(guild, False),
    }
    if action not in actions:
        raise ControlError(f"There is no action {action!r}. Choose among {', '.join(actions)}.")
    actions[action]()


# --- interactions ---


async def _run_command(discord: LocalDiscord, body: Body) -> Payload:
    return await discord.state.run_command(
        body.get("guild"),
        body.get("channel"),
        body["member"],
        body["name"],
        body.get("options"),
        wait=bool(body.get("wait", True)),
    )


async def _autocomplete(discord: LocalDiscord, body: Body) -> Payload:
    return await discord.state.autocomplete(
        body.get("guild"),
        body.get("channel"),
        body["member"],
        body["name"],
        body["focused"],
        body.get("options"),
    )


async def _menu(discord: LocalDiscord, body: Body) -> Payload:
    return await discord.state.run_menu(
        body["guild"],
        body["channel"],
        body["member"],
        body["name"],
        message=body.get("message"),
        target=body.get("target"),
        wait=bool(body.get("wait", True)),
    )


async def _press(discord: LocalDiscord, body: Body) -> Payload:
    wait = bool(body.get("wait", True))
    return await discord.state.press_button(body["message"], body["member"], body["button"], wait=wait)


async def _choose(discord: LocalDiscord, body: Body) -> Payload:
    wait = bool(body.get("wait", True))
    return await discord.state.choose(
        body["message"], body["member"], body["select"], body["values"], wait=wait
    )


async def _submit(discord: LocalDiscord, body: Body) -> Payload:
    return await discord.state.submit_modal(
        body["interaction"], body.get("values") or {}, wait=bool(body.get("wait", True))
    )


def _interaction(discord: LocalDiscord, body: Body) -> Payload:
    found = discord.interactions.find(int(body["id"]))
    if found is None:
        raise ControlError(f"There is no interaction {body['id']}.")
    return discord.interactions.describe(found)


# --- faults, traffic, the whole ---


def _fault(discord: LocalDiscord, body: Body) -> Payload:
    """Any of: drop, reconnect, invalidate ("resumable" or true), expire, outage (seconds), gateway {}, rest [{}]."""
    state = discord.state
    shard = int(body["shard"]) if body.get("shard") is not None else None
    if body.get("gateway"):
        state.set_gateway_faults(**body["gateway"])
    rules = body.get("rest") or []
    for rule in [rules] if isinstance(rules, dict) else rules:
        state.fail_rest(**rule)
    if body.get("expire"):
        state.expire_sessions()
    if body.get("drop"):
        state.drop(shard)
    if body.get("reconnect"):
        state.reconnect(shard)
    if body.get("invalidate"):
        state.invalidate(shard, resumable=body["invalidate"] == "resumable")
    if body.get("outage"):
        state.outage(float(body["outage"]))
    return discord.faults.describe()


def _traffic(discord: LocalDiscord, body: Body) -> Payload:
    guilds = [find_guild(discord.world, guild).id for guild in body.get("guilds") or []]
    discord.traffic.start(
        rate=float(body.get("rate", 5)),
        seconds=float(body.get("seconds", 30)),
        members=int(body.get("members", 0)),
        guild_ids=guilds,
        mixed=bool(body.get("mixed", True)),
        count=int(body.get("count", 0)),
    )
    return discord.traffic.describe()


def _stop_traffic(discord: LocalDiscord, _body: Body) -> Payload:
    discord.traffic.stop()
    return discord.traffic.describe()


_ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", "state"): lambda discord, _: views.overview(discord),
    ("GET", "messages"): _messages,
    ("GET", "commands"): _commands,
    ("GET", "visible"): _visible,
    ("GET", "violations"): lambda discord, _: list(discord.violations),
    ("GET", "sessions"): lambda discord, _: discord.hub.describe(),
    ("GET", "faults"): lambda discord, _: discord.faults.describe(),
    ("GET", "traffic"): lambda discord, _: discord.traffic.describe(),
    ("GET", "calls"): lambda discord, _: discord.calls,
    ("GET", "audit"): lambda discord, body: views.audit_log(find_guild(discord.world, body["guild"]), 100),
    ("GET", "interactions/{id}"): _interaction,
    ("POST", "users"): lambda discord, body: user_payload(
        discord.state.create_user(body["username"], body.get("display_name"), bot=bool(body.get("bot")))
    ),
    ("POST", "guilds"): _create_guild,
    ("POST", "channels"): _create_channel,
    ("POST", "roles"): _create_role,
    ("POST", "messages"): _post,
    ("POST", "special"): _post_special,
    ("PATCH", "messages/{id}"): lambda discord, body: _told(
        discord, discord.state.edit_message(body["id"], str(body["text"]))
    ),
    ("DELETE", "messages/{id}"): _delete,
    ("DELETE", "reactions"): _clear_reactions,
    ("PATCH", "guilds/{guild}"): _change_guild,
    ("POST", "reactions"): _react,
    ("POST", "threads"): _thread,
    ("POST", "voice"): _voice,
    ("POST", "members"): _member,
    ("POST", "bot"): _bot,
    ("POST", "dms"): lambda discord, body: channel_payload(
        discord.world, open_dm(discord.world, find_user(discord.world, body["member"]))
    ),
    ("POST", "automod"): lambda discord, body: discord.state.automod_block(
        body["guild"], body["channel"], body["member"], str(body["text"])
    ),
    ("POST", "commands"): _run_command,
    ("POST", "autocomplete"): _autocomplete,
    ("POST", "menus"): _menu,
    ("POST", "buttons"): _press,
    ("POST", "selects"): _choose,
    ("POST", "modals"): _submit,
    ("POST", "faults"): _fault,
    ("DELETE", "faults"): lambda discord, _: discord.state.clear_faults(),
    ("POST", "traffic"): _traffic,
    ("DELETE", "traffic"): _stop_traffic,
    ("POST", "reset"): lambda discord, _: discord.reset(),
    ("POST", "save"): lambda discord, _: discord.save(),
    ("DELETE", "violations"): lambda discord, _: discord.violations.clear(),
    ("POST", "identify-limit"): lambda discord, _: discord.hub.reset_limit(),
}
