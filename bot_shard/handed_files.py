"""Files that came with a command whose form is still open: remembered by where Discord keeps them, fetched once the form is sent.

What is remembered lies in the cache for as long as a form may be open. Where the cache lost it, the member is told to attach again; it is
never taken for “no files”. Only files of Discord's own are fetched, and none that is larger than we keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import discord
import orjson
from redis import RedisError

from engagement.files.models import FileUse
from engagement.files.services import RULES
from saas.core.errors import InvalidInputError, UnavailableError
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext

if TYPE_CHECKING:
    from .bot import Bot

LASTS: Final = 30 * 60  # seconds; Discord ends a form after fifteen minutes
MOST: Final = RULES[FileUse.ATTACHMENT].most


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as Discord names it."""

    name: str
    url: str
    size: int
    is_picture: bool


@dataclass(frozen=True, slots=True)
class FetchedFile:
    name: str
    data: bytes
    is_picture: bool


def refs_of(attachments: Sequence[discord.Attachment | None]) -> list[FileRef]:
    """Raises InvalidInputError for one that is too large to be kept."""
    refs = []
    for one in attachments:
        if one is None:
            continue
        if one.size > MOST:
            raise InvalidInputError(
                f"{one.filename} is larger than {MOST // 2**20} MB. Make it smaller and attach it again.",
                field="file",
            )
        refs.append(FileRef(one.filename, one.url, one.size, (one.content_type or "").startswith("image/")))
    return refs


def keep_refs(context: TenantContext, *, asked: str, refs: Sequence[FileRef]) -> None:
    """Raises UnavailableError: without them the form would lose what came along."""
    try:
        cache_redis().set(_key(context, asked), orjson.dumps([asdict(ref) for ref in refs]), ex=LASTS)
    except RedisError as error:
        raise UnavailableError(
            "We cannot take files at the moment. Try again in a minute, or leave them out."
        ) from error


def recall_refs(context: TenantContext, *, asked: str) -> list[FileRef]:
    """Raises UnavailableError where they are gone."""
    try:
        kept = cache_redis().get(_key(context, asked))
    except RedisError:
        kept = None
    if kept is None:
        raise UnavailableError(
            "The files that you attached are not known any more. Send the command again with them."
        )
    return [FileRef(**row) for row in orjson.loads(kept)]


async def fetch_files(bot: Bot, refs: Sequence[FileRef]) -> list[FetchedFile]:
    """Their bytes. Raises UnavailableError where Discord does not give them."""
    try:
        return [FetchedFile(ref.name, await bot.http.get_from_cdn(ref.url), ref.is_picture) for ref in refs]
    except (discord.HTTPException, OSError) as error:
        raise UnavailableError(
            "Discord did not give us the files that you attached. Send the command again with them."
        ) from error


def _key(context: TenantContext, asked: str) -> str:
    return f"handed-files:{context.schema}:{asked}"
