"""Each bot's leaderboard, page by page, put together as the one file that engagement.imports.parsers reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings

from engagement.imports import words
from engagement.imports.parsers.rows import MAX_ROWS

from .client import OldBotClient
from .errors import OldBotError

# Called with how many members there are so far; raises to stop.
Progress = Callable[[int], None]
MAX_PAGES: Final = 3_000
_NOT_THERE: Final = (
    "{name} knows no leaderboard of your server. Is the right server linked, and was {name} in it?"
)
_BAD_KEY: Final = "{name} does not accept this key. Copy it once more, whole, and try again."


def fetch_leaderboard(
    source: str, *, guild_id: int, key: str = "", progress: Progress = lambda done: None
) -> Any:
    """What the bot's address tells of the guild, in the shape of its own file. Raises OldBotError."""
    return _FETCHERS[source](guild_id, key, progress)


def _fetch_mee6(guild_id: int, key: str, progress: Progress) -> Any:
    private = (
        "MEE6 keeps your leaderboard private. In MEE6's dashboard open Levels, switch “Make my server's leaderboard public” on, "
        "and fetch again."
    )
    client = _client(words.MEE6, settings.MEE6_API_URL, refusals={401: private, 403: private})
    size = 1_000
    found: list[Any] = []
    first = _read_pages(
        progress, "players", found, size, lambda number: client.get(f"/{guild_id}", limit=size, page=number)
    )
    return {**first, "players": found}


def _fetch_polaris(guild_id: int, key: str, progress: Progress) -> Any:
    private = "Polaris keeps your leaderboard private. Make it public in Polaris' settings, or bring its exported file."
    client = _client(words.POLARIS, settings.POLARIS_API_URL, refusals={401: private, 403: private})
    size = 100
    found: list[Any] = []
    path = f"/polaris/api/leaderboard/{guild_id}"
    first = _read_pages(
        progress, "leaderboard", found, size, lambda number: client.get(path, page=number + 1, pageSize=size)
    )
    return {"settings": first.get("settings"), "leaderboard": found}


def _fetch_lurkr(guild_id: int, key: str, progress: Progress) -> Any:
    private = "Lurkr keeps your leaderboard private. Make it public in Lurkr's dashboard, or bring its exported file."
    client = _client(words.LURKR, settings.LURKR_API_URL, refusals={401: private, 403: private})
    found: list[Any] = []
    path = f"/v2/levels/{guild_id}"
    first = _read_pages(progress, "levels", found, 100, lambda number: client.get(path, page=number + 1))
    return {**first, "levels": found}


def _fetch_amari(guild_id: int, key: str, progress: Progress) -> Any:
    client = _client(words.AMARI, settings.AMARI_API_URL, key=key)
    size = 1_000
    found: list[Any] = []
    path = f"/api/v1/guild/leaderboard/{guild_id}"
    # 501 is how Amari says that the last page was passed.
    _read_pages(
        progress, "data", found, size, lambda number: client.get(path, last=501, page=number + 1, limit=size)
    )
    return {"data": found}


def _fetch_tatsu(guild_id: int, key: str, progress: Progress) -> Any:
    client = _client(words.TATSU, settings.TATSU_API_URL, key=key)
    found: list[Any] = []
    path = f"/v1/guilds/{guild_id}/rankings/all"
    _read_pages(progress, "rankings", found, 100, lambda number: client.get(path, offset=len(found)))
    return {"rankings": found}


_FETCHERS: Final[Mapping[str, Callable[[int, str, Progress], Any]]] = {
    words.MEE6: _fetch_mee6,
    words.POLARIS: _fetch_polaris,
    words.LURKR: _fetch_lurkr,
    words.AMARI: _fetch_amari,
    words.TATSU: _fetch_tatsu,
}


def _client(
    source: str, base_url: str, *, key: str = "", refusals: Mapping[int, str] | None = None
) -> OldBotClient:
    name = words.SOURCES[source]
    bad_key = _BAD_KEY.format(name=name)
    known = {
        404: _NOT_THERE.format(name=name),
        **({401: bad_key, 403: bad_key} if key else {}),
        **(refusals or {}),
    }
    return OldBotClient(
        name=name, base_url=base_url, headers={"Authorization": key} if key else None, refusals=known
    )


def _read_pages(
    progress: Progress, member: str, found: list[Any], size: int, ask: Callable[[int], Any]
) -> Mapping[str, Any]:
    """Every page into `found`; answers the first one. A page that is not full is the last one; one that holds
    nobody new is too, so that an address which knows no pages is not asked for ever."""
    first: Mapping[str, Any] | None = None
    seen: set[str] = set()
    for number in range(MAX_PAGES):
        page = ask(number)
        rows = page.get(member) if isinstance(page, dict) else None
        if page is not None and not isinstance(rows, list):
            raise OldBotError(
                "The other bot's answer has another shape than we know. It was probably changed; bring the levels as a file."
            )
        rows = rows or []
        first = first if first is not None else page
        new = {
            str(row.get("id") or row.get("userId") or row.get("user_id"))
            for row in rows
            if isinstance(row, dict)
        }
        if new <= seen:
            break
        seen |= new
        found.extend(rows)
        progress(len(found))
        if len(rows) < size or len(found) > MAX_ROWS:
            break
    return first or {}
