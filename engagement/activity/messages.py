"""The activity message: one fact from outside, as it travels on the stream.

Invariant: `source_id` is the source's own name of the fact, unique per tenant, so that a replay changes nothing.
A message on the stream is one field, `a`, holding this JSON:

    {"v": 1, "id": source_id, "src": source, "sub": subject, "type": type, "at": milliseconds, "attr": {...}}

    src   "discord:<guild id>", "key:<API key id>", or "tenant:<tenant id>" for what a person of the team reports
    sub   "discord:<user id>" (the provider, then the provider's id of the person)
    at    when it happened, in milliseconds since 1970, UTC
    attr  what rules and replay need as it was then; every key is optional:
            name      display name then           avatar   avatar URL then        bot      true for a bot
            roles     role ids, as strings        joined   when they joined the guild, ISO 8601
            channel   channel id                  category category id            parent   a thread's parent channel
            thread    true inside a thread        reply_to author id answered     target   source_id acted on
            emoji     reaction given              length   characters of the text shingles the four smallest CRC32
            data      what a community's own program adds about an activity of its own, names and values
            text is never stored

Types and their ids for a Discord guild:

    message           discord:message:<message>
    reply             discord:message:<message>     a message that answers somebody else's message
    thread            discord:thread:<thread>       a thread started
    reaction_given    discord:reaction:<message>:<user>:<emoji>
    reaction_received discord:received:<message>:<user>:<emoji>   subject: the message's author
    voice_minute      voice:<guild>:<user>:<minute since 1970>
    joined            discord:joined:<guild>:<user>:<join time in ms>
    left              discord:left:<guild>:<user>:<ms>
    message_deleted   discord:deleted:<message>     attr.target is the message's source_id, attr.reason deleted|automod
    reaction_removed  discord:unreacted:<message>:<user>:<emoji>  attr.target likewise
    reactions_cleared  discord:cleared:<message>:<session>.<number>  attr.cleared is the message's source_id, attr.emoji perhaps one emoji
    member_updated    discord:member:<guild>:<user>:<ms>          new roles, name or avatar; earns nothing

Of a community's own programs (engagement.activity.reports): any small word that is none of those above, api:<their id>
What one of the team tries out (engagement.activity.trial): any of both, trial:<ULID>, from "tenant:<tenant id>"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import orjson

from engagement.rules.definition import TRIGGERS, is_trigger
from saas.core.errors import InvalidInputError

VERSION = 1
MAX_BYTES = 16 * 1024
MAX_SOURCE_ID = 200
TRIAL = "trial:"  # ids of what somebody of the team tries out
_OF_DISCORD = ("discord:", "voice:")
TYPES = frozenset(
    {
        "message",
        "reply",
        "thread",
        "reaction_given",
        "reaction_received",
        "voice_minute",
        "joined",
        "left",
        "message_deleted",
        "reaction_removed",
        "reactions_cleared",
        "member_updated",
    }
)


class BadActivityError(InvalidInputError):
    """The bytes on the stream are no activity. The message says which part is wrong."""

    code = "bad_activity"


@dataclass(slots=True)
class Activity:
    source_id: str
    source: str
    subject: str
    type: str
    occurred_ms: int
    attributes: dict[str, Any]


def is_own_type(name: object) -> bool:
    """Whether a community's own programs may report activities of that type, and its rules name it."""
    return is_trigger(name) and name not in TRIGGERS and name not in TYPES


def partition_of(source: str, partitions: int) -> int:
    """The stream partition of a source: CRC32 of its name, modulo. One source is always read by one consumer."""
    return crc32(source.encode()) % partitions


def stream_key(partition: int) -> str:
    """The Redis key of a partition's stream."""
    return f"activities:{partition}"


def encode_activity(activity: Activity) -> bytes:
    """The JSON of one activity. Raises nothing: what a source hands over is checked where it is read."""
    return orjson.dumps(
        {
            "v": VERSION,
            "id": activity.source_id,
            "src": activity.source,
            "sub": activity.subject,
            "type": activity.type,
            "at": activity.occurred_ms,
            "attr": activity.attributes,
        }
    )


def decode_activity(data: bytes) -> Activity:
    """One activity from its JSON. Raises BadActivityError, naming the wrong part."""
    if len(data) > MAX_BYTES:
        raise BadActivityError(f"The activity has {len(data)} bytes; at most {MAX_BYTES} are allowed.")
    try:
        record = orjson.loads(data)
        activity = Activity(
            record["id"], record["src"], record["sub"], record["type"], record["at"], record.get("attr") or {}
        )
    except orjson.JSONDecodeError as error:
        raise BadActivityError(f"The activity is not valid JSON: {error}.") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise BadActivityError(f"The activity lacks a part: {error}.") from error
    _check(activity, record.get("v"))
    return activity


def _check(activity: Activity, version: object) -> None:
    if version != VERSION:
        raise BadActivityError(
            f"The activity's version is {version!r}; this release reads {VERSION}.", field="v"
        )
    for field, value in (("id", activity.source_id), ("src", activity.source), ("sub", activity.subject)):
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_SOURCE_ID or "\x00" in value:
            raise BadActivityError(f"The activity's {field} is {value!r:.80}.", field=field)
    _check_origin(activity)
    if ":" not in activity.subject:
        raise BadActivityError(f"The subject {activity.subject!r} names no provider.", field="sub")
    if not isinstance(activity.occurred_ms, int) or not 0 < activity.occurred_ms < 2**43:
        raise BadActivityError(f"The moment {activity.occurred_ms!r:.80} is not in milliseconds.", field="at")
    if not isinstance(activity.attributes, dict):
        raise BadActivityError("The attributes are not an object.", field="attr")


def _check_origin(activity: Activity) -> None:
    """Discord tells of Discord's types alone, and nobody else of those: what a program reports cannot pass for a message."""
    if activity.source.startswith("discord:"):
        if activity.type not in TYPES:
            raise BadActivityError(f"Discord tells of no {activity.type!r:.60}.", field="type")
        return
    if activity.source_id.startswith(_OF_DISCORD):
        raise BadActivityError(f"The id {activity.source_id!r:.80} is one of Discord's facts.", field="id")
    tried = activity.source.startswith("tenant:") and activity.source_id.startswith(TRIAL)
    if not is_own_type(activity.type) and not (tried and activity.type in TYPES):
        raise BadActivityError(
            f"Type {activity.type!r:.60} is none that {activity.source} may report.", field="type"
        )
