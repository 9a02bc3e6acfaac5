"""The desk where every interaction is received and answered.

For each: is this server linked, may the command be used here and so often, then the work, then the reply — deferred
when it takes longer than a moment, and always in one voice when something goes wrong.

RESUME replays interactions. One that this process has seen is not handled again; one that an earlier process may have
handled is: a write defers *before* it works, so "unknown interaction" (10062) ends it without effect and "already
acknowledged" (40060) lets it finish what was begun, under the interaction's id as idempotency key.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import discord
import structlog

from engagement.audit.denials import record_refusal
from engagement.commands.selectors import CommandPolicies, CommandPolicy, get_command_policies
from saas.core.errors import EngageHubError, NotAllowedError, NotFoundError, UnavailableError
from tenants.context import TenantContext
from tenants.gates import GateClosedError, LimitReachedError
from tenants.permissions import NotPermittedError

from .actors import actor_of
from .answers import Answer, error_answer
from .calls import Calls
from .limits import CommandLimiter, CommunityBusyError, too_often
from .plan_answers import answer_about_plan, answer_about_quota
from .questions import Ask, Guest, Interaction, Question
from .stats import Stats
from .words import choose_language, say

log = structlog.get_logger(__name__)

T = TypeVar("T")

DEFER_SECONDS = 1.0  # of Discord's three
POLICY_SECONDS = 10.0  # how long a community's command settings may be remembered
REMEMBERED = 5_000  # interactions
ALREADY_ACKNOWLEDGED = 40060
UNKNOWN_INTERACTION = 10062
GONE = frozenset({ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION})
BUTTON_FACTOR = 4  # paging through a list is not asking again

Handler = Callable[[Ask], Awaitable[Answer]]


class Routing(Protocol):
    def context_for_guild(self, guild_id: int) -> TenantContext | None: ...


class InteractionGoneError(Exception):
    """Discord no longer takes an answer to it."""


class Desk:
    """One for the process."""

    def __init__(
        self, *, routing: Routing, calls: Calls, limiter: CommandLimiter, stats: Stats, site: str
    ) -> None:
        self._routing = routing
        self._calls = calls
        self._limiter = limiter
        self._stats = stats
        self._site = site
        self._busy = 0
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._policies: dict[str, tuple[float, CommandPolicies]] = {}
        # A thread's parent channel, as far as the ears know it: (guild id, channel id).
        self.parent_of: Callable[[int, int], str] = lambda guild_id, channel_id: ""

    # --- receiving

    async def answer(
        self,
        interaction: Interaction,
        command: str,
        handler: Handler,
        *,
        private: bool = True,
        writes: bool = False,
        updates: bool = False,
        anywhere: bool = False,
    ) -> None:
        """Answer one interaction. Never raises. `private` is how a deferred answer looks; `writes` acknowledges first;
        `anywhere` passes over the command channels."""
        if not self._is_new(interaction.id):
            self._count(command, "repeated")
            return
        ask: Ask | None = None
        self._busy += 1
        try:
            ask = self._receive(interaction, updates=updates)
            # In shadow mode nobody but the one who asks sees anything of ours.
            private = private or not ask.context.live
            await self._check_policy(ask, command, updates=updates, anywhere=anywhere)
            if writes:
                await self._acknowledge(ask, private=private)
            answer = await self._work(ask, handler(ask), private=private)
            answer.private = answer.private or not ask.context.live
            await self._deliver(ask, answer)
            self._count(command, "answered")
        except InteractionGoneError:
            self._count(command, "too_late")
        except Exception as error:
            await self._apologise(interaction, ask, command, error)
        finally:
            self._busy -= 1

    async def answer_guest(
        self, interaction: Interaction, command: str, handler: Callable[[Guest], Awaitable[Answer]]
    ) -> None:
        """The same for what needs no community, such as claiming a server. Never raises; private throughout."""
        if not self._is_new(interaction.id):
            return
        language = choose_language(str(interaction.locale), str(interaction.guild_locale or ""))
        guest = Guest(interaction, self._calls, language)
        self._busy += 1
        try:
            answer = await self._work(guest, handler(guest), private=True)
            await self._deliver(guest, answer)
            self._count(command, "answered")
        except InteractionGoneError:
            self._count(command, "too_late")
        except Exception as error:
            await self._apologise(interaction, guest, command, error)
        finally:
            self._busy -= 1

    async def finish(self, seconds: float) -> None:
        """Let what was begun be answered, before the connections go."""
        deadline = time.monotonic() + seconds
        while self._busy and time.monotonic() < deadline:  # noqa: ASYNC110 — many may be busy
            await asyncio.sleep(0.02)

    def _is_new(self, interaction_id: int) -> bool:
        if interaction_id in self._seen:
            return False
        self._seen[interaction_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _receive(self, interaction: Interaction, *, updates: bool) -> Ask:
        language = choose_language(str(interaction.locale), str(interaction.guild_locale or ""))
        if interaction.guild_id is None:
            raise NotAllowedError(say(language, "server_only"))
        context = self._routing.context_for_guild(interaction.guild_id)
        if context is None:
            raise NotFoundError(say(language, "unlinked", site=self._site))
        return Ask(interaction, context, self._calls, updates=updates)

    def find_context(self, guild_id: int) -> TenantContext | None:
        """The community that the server belongs to."""
        return self._routing.context_for_guild(guild_id)

    def forget_policies(self, context: TenantContext) -> None:
        """They were just changed here; other processes see it within POLICY_SECONDS."""
        self._policies.pop(context.schema, None)

    async def _check_policy(
        self, ask: Ask, command: str, *, updates: bool = False, anywhere: bool = False
    ) -> None:
        policy = (await self._policies_of(ask.context)).policy_for(command)
        if not anywhere:
            if not policy.enabled:
                raise NotAllowedError(ask.say("switched_off", command=command))
            self._check_channel(ask, command, policy)
        # A form was counted when it was opened: what somebody wrote into it must not be lost to the limit.
        is_form = ask.interaction.type is discord.InteractionType.modal_submit
        kind = ":button" if updates else ":form" if is_form else ""
        seconds = await self._limiter.wait_seconds(
            ask.context,
            command=command + kind,
            user_id=ask.interaction.user.id,
            uses=policy.uses * BUTTON_FACTOR if updates else policy.uses,
            seconds=policy.seconds,
        )
        if seconds:
            raise too_often(ask.language, seconds)
        if not kind:
            await self._limiter.check_community(ask.context, ask.language)

    def _check_channel(self, ask: Ask, command: str, policy: CommandPolicy) -> None:
        if not policy.channel_ids:
            return
        interaction = ask.interaction
        here = {
            str(interaction.channel_id or ""),
            str(getattr(interaction.channel, "parent_id", "") or ""),
            self.parent_of(interaction.guild_id or 0, interaction.channel_id or 0),
        }
        if not here & policy.channel_ids:
            channels = " ".join(f"<#{channel_id}>" for channel_id in sorted(policy.channel_ids)[:5])
            raise NotAllowedError(ask.say("elsewhere", command=command, channels=channels))

    async def _policies_of(self, context: TenantContext) -> CommandPolicies:
        known = self._policies.get(context.schema)
        if known is not None and time.monotonic() - known[0] < POLICY_SECONDS:
            return known[1]
        try:
            policies = await self._calls.in_tenant(context, get_command_policies)
        except UnavailableError:
            if known is None:
                raise
            return known[1]
        self._policies[context.schema] = (time.monotonic(), policies)
        return policies

    # --- answering

    async def _work(self, ask: Question, work: Awaitable[Answer], *, private: bool) -> Answer:
        task = asyncio.ensure_future(work)
        if not ask.acknowledged:
            done, _ = await asyncio.wait({task}, timeout=DEFER_SECONDS)
            if not done:
                try:
                    await self._acknowledge(ask, private=private)
                except InteractionGoneError:
                    task.cancel()
                    raise
        return await task

    async def _acknowledge(self, ask: Question, *, private: bool) -> None:
        try:
            if ask.updates:
                await ask.interaction.response.defer()
            else:
                await ask.interaction.response.defer(ephemeral=private, thinking=True)
        except discord.HTTPException as error:
            _check_gone(error)
        ask.acknowledged = True
        ask.acknowledged_privately = private

    async def _deliver(self, ask: Question, answer: Answer) -> None:
        message = answer.as_message(ask.colour)
        response = ask.interaction.response
        in_place = ask.updates and not answer.is_warning
        hides = ask.updates or (answer.private and not ask.acknowledged_privately)
        try:
            if in_place and not ask.acknowledged:
                await response.edit_message(**_as_edit(message))
            elif not ask.acknowledged:
                await response.send_message(**message, ephemeral=answer.private)
            elif in_place or not hides:
                await ask.interaction.edit_original_response(**_as_edit(message))
            else:
                # What was deferred in public, or stands on a message, must not show a private answer.
                if not ask.updates:
                    await ask.interaction.delete_original_response()
                await ask.interaction.followup.send(**message, ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                _check_gone(error)

    async def _apologise(
        self, interaction: Interaction, ask: Question | None, command: str, error: Exception
    ) -> None:
        language = ask.language if ask else choose_language(str(interaction.locale))
        if isinstance(error, EngageHubError):
            shown = error
            self._count(command, error.code)
            if isinstance(ask, Ask) and isinstance(error, NotPermittedError):
                await self._note_refusal(ask, command, error.action)
        else:
            shown = UnavailableError(say(language, "broken"))
            self._count(command, "broken")
            log.error(
                "command_broken", command=command, reference=shown.reference, exc_info=error,
                tenant=ask.context.slug if isinstance(ask, Ask) else None, interaction=interaction.id,
            )  # fmt: skip
        answer = error_answer(shown, language)
        if isinstance(ask, Ask) and isinstance(shown, GateClosedError | LimitReachedError):
            answer = await answer_about_plan(ask, shown)
        elif isinstance(ask, Ask) and isinstance(shown, CommunityBusyError):
            answer = await answer_about_quota(ask, shown, self._limiter)
        try:
            if ask is not None:
                await self._deliver(ask, answer)
            else:
                await interaction.response.send_message(**answer.as_message("#000000"), ephemeral=True)
        except (InteractionGoneError, discord.DiscordException, OSError, RuntimeError) as trouble:
            log.info("apology_undelivered", command=command, reference=shown.reference, problem=str(trouble))

    async def _note_refusal(self, ask: Ask, command: str, permission: str) -> None:
        """For the community's audit log. The answer does not hang on it."""
        actor = actor_of(ask.interaction)
        try:
            await ask.do(record_refusal, actor=actor, permission=permission, place=f"/{command}")
        except EngageHubError as trouble:
            log.warning("refusal_not_recorded", command=command, problem=str(trouble))

    async def open_form(
        self,
        interaction: Interaction,
        command: str,
        make: Callable[[Ask], Awaitable[discord.ui.Modal | Answer]],
        *,
        anywhere: bool = False,
    ) -> None:
        """Answer with a form; `make` checks whether it may be opened. What is sent with it is a new interaction. Where a form
        would be of no use, `make` gives the answer instead. `anywhere` as in `answer`."""
        if not self._is_new(interaction.id):
            return
        ask: Ask | None = None
        try:
            ask = self._receive(interaction, updates=False)
            await self._check_policy(ask, command, anywhere=anywhere)
            modal = await make(ask)
            if isinstance(modal, Answer):
                await self._deliver(ask, modal)
                self._count(command, "answered")
                return
            modal.stop()  # discord.py must not remember it: the desk answers it by its id
            await interaction.response.send_modal(modal)
            self._count(command, "form")
        except discord.HTTPException as error:
            self._count(command, "too_late" if error.code in GONE else "broken")
            if error.code not in GONE:
                await self._apologise(interaction, ask, command, error)
        except Exception as error:
            await self._apologise(interaction, ask, command, error)

    async def suggest(
        self, interaction: Interaction, work: Callable[[TenantContext, int], list[T]]
    ) -> list[T]:
        """What is offered while somebody types: `work(context, user_id)` inside the community. Never raises: who is offered nothing can
        type it all, and is told what is wrong once they send it."""
        context = self._routing.context_for_guild(interaction.guild_id or 0)
        if context is None:
            return []
        try:
            return await self._calls.in_tenant(context, work, context, interaction.user.id)
        except EngageHubError as trouble:
            log.info("nothing_suggested", problem=trouble.message)
        except Exception as trouble:
            log.error("suggestions_broken", exc_info=trouble, interaction=interaction.id)
        return []

    async def answer_unknown(self, interaction: Interaction, key: str) -> None:
        """A kind word for a command or button that nobody here knows."""
        if not self._is_new(interaction.id):
            return
        answer = Answer(say(choose_language(str(interaction.locale)), key))
        try:
            await interaction.response.send_message(**answer.as_message("#868e96"), ephemeral=True)
        except (discord.DiscordException, OSError, RuntimeError) as trouble:
            log.info("unknown_interaction_unanswered", problem=str(trouble))
        self._count("unknown", key)

    def _count(self, command: str, outcome: str) -> None:
        self._stats.commands[(command, outcome)] += 1


def _check_gone(error: discord.HTTPException) -> None:
    """Pass over what an earlier process acknowledged; give up where no answer is taken any more."""
    if error.code == UNKNOWN_INTERACTION:
        raise InteractionGoneError from error
    if error.code != ALREADY_ACKNOWLEDGED:
        raise error


def _as_edit(message: dict[str, Any]) -> dict[str, Any]:
    """An edit replaces attachments and must say that there are no more buttons."""
    edit = {"view": None} | message
    picture = edit.pop("file", None)
    return edit | {"attachments": [picture] if picture is not None else []}
