"""What stands in the bot's way in this server, as an answer: the findings of the dashboard's page, the worst first."""

from __future__ import annotations

from integrations.discord.diagnosis import Finding, Level, diagnose
from integrations.discord.facts import fetch_facts
from tenants.selectors import get_standing_link
from tenants.tickets import get_tenant_address

from .answers import Answer, Button, plain
from .questions import Ask
from .relaying import relay
from .who import Who

_SIGNS = {Level.BAD: "🔴", Level.WARN: "🟡", Level.GOOD: "🟢"}
_MOST = 4_000  # characters; Discord's limit is 4,096


def read_findings(who: Who) -> list[Finding]:
    """Asks Discord. Raises NotPermittedError, DiscordUnavailableError."""
    who.check("change_commands")
    link = get_standing_link(tenant_id=who.context.tenant_id)
    return [] if link is None else diagnose(fetch_facts(who.context, link))


def show_findings(ask: Ask, findings: list[Finding]) -> Answer:
    opened = [finding for finding in findings if finding.level != Level.GOOD]
    title = (
        ask.say("check_open", open=len(opened), all=len(findings))
        if opened
        else ask.say("check_good", all=len(findings))
    )
    address = f"{get_tenant_address(ask.context.slug)}/dashboard/bot/"
    return Answer(
        title=title,
        text=_cut([_lines(ask, finding) for finding in findings], ask.say("check_more")),
        hint=ask.say("check_hint"),
        buttons=[Button(ask.say("check_page"), url=address)],
    )


def _lines(ask: Ask, finding: Finding) -> str:
    title, text, fix = (
        plain(relay(ask.language, part)) for part in (finding.title, finding.text, finding.fix)
    )
    lines = [f"{_SIGNS[finding.level]} **{title}**"]
    if finding.level != Level.GOOD:
        lines += [text] if text else []
        lines += [ask.say("check_fix", fix=fix)] if fix else []
    return "\n".join(lines)


def _cut(parts: list[str], more: str) -> str:
    """Whole findings as long as there is room; what is left out is said to be."""
    text = ""
    for part in parts:
        if len(text) + len(part) + len(more) > _MOST:
            return f"{text}\n{more}".strip()
        text = f"{text}\n{part}".strip()
    return text
