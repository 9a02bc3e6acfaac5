"""News of submissions. Points are whole points."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class SubmissionHandedIn(DomainEvent):
    """A submission waits for review: for the first time, or `again` after an answer or a correction."""

    submission_id: int
    member_id: int
    type_id: int
    again: bool = False


@dataclass(frozen=True)
class SubmissionChanged(DomainEvent):
    """Its state is another one than `was`; told at once, for lists and messages that show it. Members are told by the others."""

    submission_id: int
    member_id: int
    type_id: int
    state: str
    was: str


@dataclass(frozen=True)
class SubmissionPreviewed(DomainEvent):
    """What the pages of its links are called is known now."""

    submission_id: int
    member_id: int
    type_id: int


@dataclass(frozen=True)
class SubmissionDecided(DomainEvent):
    """The outcome is to be told to its member: the seconds in which it could be taken back unnoticed are over.

    `state` is approved, rejected or needs_info; `reason` what the reviewer wrote, for needs_info the question.
    """

    submission_id: int
    member_id: int
    type_id: int
    state: str
    points: int
    reason: str
    title: str
    type_name: str
    decided_by: str


@dataclass(frozen=True)
class SubmissionUndone(DomainEvent):
    """A decision was taken back, and it waits for review again. `was` is what had been decided, `points` what were taken back.

    `told`: the member had been told of the decision, so they are told of this as well.
    """

    submission_id: int
    member_id: int
    type_id: int
    was: str
    points: int
    told: bool
    title: str
    type_name: str


@dataclass(frozen=True)
class SubmissionOverdue(DomainEvent):
    """`count` submissions of a type passed a step of its promise since the last look; `submission_ids` are the first hundred of them.

    `step` 1: half of the time is over, 2: all of it, 3: a day more, so that the admins hear of it. `due_at`: the earliest, ISO 8601.
    """

    type_id: int
    type_name: str
    step: int
    count: int
    due_at: str
    submission_ids: list[int]
