"""Every write of rules. Each bumps `rules_state.version` in its own transaction, which also serialises the writers:
the row lock on rules_state is taken first, so two organisers' edits queue up instead of losing one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Max, OuterRef, Subquery

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from saas.core import clock

from .definition import Definition, parse_definition
from .errors import (
    InvalidRuleError,
    RuleArchivedError,
    RuleChangedError,
    RuleKeyTakenError,
    RuleNotFoundError,
    RulesSettingsChangedError,
    TooManyRulesError,
)
from .freezing import refuse_frozen, require_room_for_rule
from .models import Rule, RulesState, RuleVersion
from .ruleset import RulesSettings
from .seeds import DEFAULT_RULES, RuleSeed

MAX_RULES: Final = 100
SEEDER: Final = SYSTEM.name  # who wrote the first versions
_KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")


@transaction.atomic
def create_rule(
    *, key: str, name: str, definition: Mapping[str, Any], actor: Actor, enabled: bool = True
) -> Rule:
    """Add a rule with its first version, last in the order. Idempotent on nothing: a key is taken once.

    Raises InvalidRuleError, RuleKeyTakenError, TooManyRulesError, and LimitReachedError for an active one more than the plan
    includes: one that is switched off always finds room.
    """
    _lock_and_bump()
    if not _KEY.fullmatch(key):
        raise InvalidRuleError(
            f"The key {key!r:.80} must be 2 to 60 small letters, digits and underscores, a letter first.",
            field="key",
        )
    name = _checked_name(name)
    parse_definition(definition)
    if Rule.objects.filter(key=key).exists():
        raise RuleKeyTakenError(f"A rule with the key “{key}” exists. Choose another key.")
    _refuse_too_many()
    if enabled:
        require_room_for_rule()
    last = Rule.objects.aggregate(last=Max("position"))["last"]
    rule = Rule.objects.create(
        key=key,
        name=name,
        enabled=enabled,
        position=0 if last is None else last + 1,
        created_at=clock.now(),
    )
    _add_version(rule, name=name, definition=definition, created_by=actor.name, number=1)
    _record(actor, "rule.created", rule, after={"name": name, "definition": definition, "enabled": enabled})
    return rule


def key_of(name: str, token: str) -> str:
    """A key for a rule that a person named: the name in small letters, and a token that makes it one of its kind. The same form sent
    twice therefore asks for the same key."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "_".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("_")
    lettered = words if words[:1].isalpha() else f"rule_{words}".rstrip("_")
    return f"{lettered}_{re.sub('[^a-z0-9]', '', token.lower())[:12]}".rstrip("_")


@transaction.atomic
def revise_rule(
    *,
    key: str,
    actor: Actor,
    name: str | None = None,
    definition: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Rule:
    """Give a rule a new version; entries already booked keep theirs. Nothing happens when nothing differs.

    `expected_version` is the number of the version that the caller began from: when another one stands, nothing is written.
    Raises InvalidRuleError, RuleNotFoundError, RuleArchivedError, RuleFrozenError, RuleChangedError.
    """
    state = _lock()
    rule = _get_live(key)
    latest = rule.versions.order_by("-number")[0]
    new_name = latest.name if name is None else _checked_name(name)
    new_definition = latest.definition if definition is None else dict(definition)
    wanted = parse_definition(new_definition)
    if new_name == latest.name and _says_the_same(latest.definition, wanted):
        return rule  # also when somebody else has just saved the very same
    refuse_frozen(rule)
    if expected_version is not None and expected_version != latest.number:
        raise RuleChangedError(latest)
    _bump(state)
    _add_version(
        rule, name=new_name, definition=new_definition, created_by=actor.name, number=latest.number + 1
    )
    _record(
        actor,
        "rule.revised",
        rule,
        before={"name": latest.name, "version": latest.number, **latest.definition},
        after={"name": new_name, "version": latest.number + 1, **new_definition},
    )
    return rule


@transaction.atomic
def revert_rule(*, key: str, number: int, actor: Actor, expected_version: int | None = None) -> Rule:
    """Make a rule say again what its version `number` said, as a new version. Reverting to what stands changes nothing.

    Raises InvalidRuleError where that version no longer holds, RuleNotFoundError, RuleArchivedError, RuleFrozenError,
    RuleChangedError.
    """
    _lock()
    wanted = RuleVersion.objects.filter(rule__key=key, number=number).first()
    if wanted is None:
        raise RuleNotFoundError(f"The rule “{key}” has no version {number}. Choose one from its list.")
    return revise_rule(
        key=key,
        actor=actor,
        name=wanted.name,
        definition=wanted.definition,
        expected_version=expected_version,
    )


@transaction.atomic
def set_rule_enabled(*, key: str, enabled: bool, actor: Actor) -> Rule:
    """Switch a rule on or off; off makes room, a frozen one's too. Raises RuleNotFoundError, RuleArchivedError, LimitReachedError."""
    state = _lock()
    rule = _get_live(key)
    if rule.enabled != enabled:
        if enabled:
            require_room_for_rule()
        _bump(state)
        rule.enabled = enabled
        rule.save(update_fields=["enabled"])
        _record(actor, "rule.enabled" if enabled else "rule.disabled", rule)
    return rule


@transaction.atomic
def archive_rule(*, key: str, actor: Actor) -> Rule:
    """Take a rule away for good; its versions stay, because entries name them. Archiving twice changes nothing.

    Raises RuleNotFoundError.
    """
    state = _lock()
    rule = Rule.objects.filter(key=key).first()
    if rule is None:
        raise _not_found(key)
    if rule.archived_at is None:
        _bump(state)
        rule.archived_at = clock.now()
        rule.enabled = False
        rule.save(update_fields=["archived_at", "enabled"])
        _record(actor, "rule.archived", rule)
    return rule


@transaction.atomic
def restore_rule(*, key: str, actor: Actor) -> Rule:
    """Bring an archived rule back, switched off. Restoring what was never archived changes nothing.

    Raises RuleNotFoundError, TooManyRulesError.
    """
    state = _lock()
    rule = Rule.objects.filter(key=key).first()
    if rule is None:
        raise _not_found(key)
    if rule.archived_at is not None:
        _refuse_too_many()
        _bump(state)
        rule.archived_at = None
        rule.save(update_fields=["archived_at"])
        _record(actor, "rule.restored", rule)
    return rule


@transaction.atomic
def set_rules_settings(
    *,
    actor: Actor,
    reversal_seconds: int | None = None,
    excluded_channels: Iterable[str] | None = None,
    excluded_categories: Iterable[str] | None = None,
    excluded_roles: Iterable[str] | None = None,
    expected: RulesSettings | None = None,
) -> RulesState:
    """What holds for all rules: how many seconds a deletion takes points back (0: never), and where and with which roles
    nothing is earned. None leaves a value as it is.

    `expected` is what the caller began from: when something else stands, nothing is written. Raises InvalidRuleError,
    RulesSettingsChangedError.
    """
    state = _lock_and_bump()
    if expected is not None and not _says(state, expected):
        raise RulesSettingsChangedError()
    before = _describe_settings(state)
    if reversal_seconds is not None:
        if not 0 <= reversal_seconds <= 90 * 86_400:
            raise InvalidRuleError("Points can be taken back for 0 to 90 days.", field="reversal_seconds")
        state.reversal_seconds = reversal_seconds
    for field, ids in (
        ("excluded_channels", excluded_channels),
        ("excluded_categories", excluded_categories),
        ("excluded_roles", excluded_roles),
    ):
        if ids is not None:
            setattr(state, field, _checked_ids(field, ids))
    state.save(
        update_fields=["reversal_seconds", "excluded_channels", "excluded_categories", "excluded_roles"]
    )
    after = _describe_settings(state)
    if after != before:
        record_audit(
            actor=actor,
            action="rule_settings.changed",
            target_kind="rule_settings",
            before=before,
            after=after,
        )
    return state


@transaction.atomic
def seed_rules(*, rules: Sequence[RuleSeed] = DEFAULT_RULES) -> list[Rule]:
    """Give a new community its first rules, by default those that people know from other bots. Where any rule exists nothing
    happens, so that running it again never brings back what an organiser archived.

    A handful of statements, whatever the number of rules. Raises InvalidRuleError, RuleKeyTakenError.
    """
    _lock_and_bump()
    if Rule.objects.exists():
        return []
    for seed in rules:
        parse_definition(dict(seed.definition))
    if len({seed.key for seed in rules}) < len(rules):
        raise RuleKeyTakenError("Two of the first rules have one key. Give each its own.")
    now = clock.now()
    made = Rule.objects.bulk_create(
        Rule(
            key=seed.key, name=_checked_name(seed.name), enabled=seed.enabled, position=number, created_at=now
        )
        for number, seed in enumerate(rules)
    )
    RuleVersion.objects.bulk_create(
        RuleVersion(
            rule=rule,
            number=1,
            name=rule.name,
            definition=dict(seed.definition),
            created_at=now,
            created_by=SEEDER,
        )
        for rule, seed in zip(made, rules, strict=True)
    )
    Rule.objects.update(latest=Subquery(RuleVersion.objects.filter(rule=OuterRef("pk")).values("pk")))
    return made


def lock_rules() -> RulesState:
    """The lock that every writer of rules holds to the end of the transaction, which must be open. For whoever changes what
    evaluation reads beside the rules: see `count_change`."""
    return _lock()


def count_change(state: RulesState) -> None:
    """Raise the version, so that ingest reads rules and boosts again with its next batch. `state` is what lock_rules gave."""
    _bump(state)


def _record(
    actor: Actor,
    action: str,
    rule: Rule,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="rule",
        target_id=rule.key,
        target_name=rule.name,
        before=before,
        after=after,
    )


def _describe_settings(state: RulesState) -> dict[str, Any]:
    names = ("reversal_seconds", "excluded_channels", "excluded_categories", "excluded_roles")
    return {name: getattr(state, name) for name in names}


def _says_the_same(stored: Mapping[str, Any], wanted: Definition) -> bool:
    """However it is written: a default that is spelled out changes nothing."""
    try:
        return parse_definition(stored) == wanted
    except InvalidRuleError:
        return False


def _says(state: RulesState, settings: RulesSettings) -> bool:
    return (
        state.reversal_seconds == settings.reversal_seconds
        and set(state.excluded_channels) == settings.excluded_channels
        and set(state.excluded_categories) == settings.excluded_categories
        and set(state.excluded_roles) == settings.excluded_roles
    )


def _lock() -> RulesState:
    """The tenant's row, locked; made when it does not exist yet."""
    RulesState.objects.bulk_create([RulesState(pk=1)], ignore_conflicts=True)
    return RulesState.objects.select_for_update().get(pk=1)


def _bump(state: RulesState) -> None:
    RulesState.objects.filter(pk=state.pk).update(version=F("version") + 1)


def _lock_and_bump() -> RulesState:
    state = _lock()
    _bump(state)
    return state


def _get_live(key: str) -> Rule:
    rule = Rule.objects.filter(key=key).first()
    if rule is None:
        raise _not_found(key)
    if rule.archived_at is not None:
        raise RuleArchivedError(
            f"The rule “{rule.name}” is archived and can't be changed. Make a new rule instead."
        )
    return rule


def _refuse_too_many() -> None:
    if Rule.objects.filter(archived_at=None).count() >= MAX_RULES:
        raise TooManyRulesError(
            f"A community has at most {MAX_RULES} rules. Archive one that is no longer needed."
        )


def _not_found(key: str) -> RuleNotFoundError:
    return RuleNotFoundError(f"There is no rule “{key}”. Look up its key in the list of rules.")


def _add_version(
    rule: Rule, *, name: str, definition: Mapping[str, Any], created_by: str, number: int
) -> None:
    version = RuleVersion.objects.create(
        rule=rule,
        number=number,
        name=name,
        definition=dict(definition),
        created_at=clock.now(),
        created_by=created_by[:120],
    )
    rule.name = name
    rule.latest = version
    rule.save(update_fields=["name", "latest"])


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100:
        raise InvalidRuleError(f"A rule's name has 1 to 100 characters; this has {len(name)}.", field="name")
    return name


def _checked_ids(field: str, ids: Iterable[str]) -> list[str]:
    checked = sorted(set(ids))
    if len(checked) > 500 or not all(isinstance(item, str) and 0 < len(item) <= 40 for item in checked):
        raise InvalidRuleError(f"{field} is a list of at most 500 ids, as texts.", field=field)
    return checked
