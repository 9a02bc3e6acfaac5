"""The permission matrix of REST v1: every operation, for every kind of person and for keys with each scope and with none.

Made from the OpenAPI document and frontend_api/v1/access.py. Whoever may is let in; whoever may not gets the problem that says why,
the database and the stream are what they were, nothing was sent, and the refusal stands in the audit log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core import mail
from django.db import transaction

from engagement.audit.models import AuditEntry, Outcome
from frontend_api.v1 import limits
from frontend_api.v1.access import EVERYBODY, OPERATIONS, PUBLIC, SIGNED_IN, Access
from frontend_api.v1.schema import get_document
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext, enter_tenant
from tenants.models import ApiKey, Membership, User
from tenants.permissions import GRANTABLE, Rights, Role
from tenants.scopes import SCOPES
from tests.frontend_api.hosts import PASSWORD
from tests.frontend_api.v1.asking import Api, code_of, issue
from tests.permissions.digest import Snapshot, differing
from tests.permissions.scene import KINDS, Kind

if TYPE_CHECKING:
    from redis import Redis

METHODS: Final = ("get", "post", "put", "patch", "delete")
LET_IN: Final = ""
# What a part of an address is, where scene.py does not say.
PARTS: Final = {"source_id": "api:order-1", "period": "all", "key": "greet", "session_id": "nobodys"}
Expected = Callable[[Access], str]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    body: Any

    @property
    def access(self) -> Access:
        return OPERATIONS[self.id]

    def ask(self, api: Api) -> Any:
        return api.ask(self.method.upper(), self.path, self.body, **{"If-Match": "*"})

    def try_out(self, api: Api) -> Any:
        """What an allowed request changed is undone, for the next one."""
        with transaction.atomic():
            answer = self.ask(api)
            transaction.set_rollback(True)
        return answer


def list_operations(things: dict[str, Any]) -> list[Operation]:
    return [
        Operation(found["operationId"], method, _fill(path, things), _example(found))
        for path, methods in get_document()["paths"].items()
        for method, found in methods.items()
        if method in METHODS and OPERATIONS[found["operationId"]].action != EVERYBODY
    ]


def _fill(path: str, things: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        part = match[1]
        assert part in PARTS or part in things, f"say in tests/permissions/test_api.py what {part!r} can be"
        return str(PARTS.get(part, things.get(part)))

    return re.sub(r"{(\w+)}", value, path)


def _example(found: dict[str, Any]) -> Any:
    content = found.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else next(iter(content["examples"].values()))["value"]


def expected_of_person(kind: Kind) -> Expected:
    rights = Rights(Role[kind.role])

    def expect(access: Access) -> str:
        if not kind.username:
            return LET_IN if access.action in PUBLIC else "not_signed_in"
        return LET_IN if access.action == SIGNED_IN or rights.may(access.action) else "not_permitted"

    return expect


def expected_of_key(scopes: frozenset[str]) -> Expected:
    def expect(access: Access) -> str:
        if not access.scope:
            return "people_only"
        free = access.action == SIGNED_IN or access.action in PUBLIC
        return LET_IN if free or access.scope in scopes else "scope_missing"

    return expect


@dataclass
class Matrix:
    """Asks everything as somebody; what went wrong is collected."""

    operations: list[Operation]
    stream: Redis
    acme: TenantContext
    globex: TenantContext

    def list_wrong(
        self,
        api: Api,
        expect: Expected,
        actor: tuple[str, int] | None,
        operations: list[Operation] | None = None,
    ) -> list[str]:
        asked = self.operations if operations is None else operations
        if actor is not None:
            api.get("me")  # so that "last used" is written already
        snapshot = Snapshot("public", self.acme.schema, self.globex.schema)
        before, on_stream = snapshot.take(), self._count_stream()
        wrong = []
        refused = [one for one in asked if expect(one.access)]
        for one in refused:
            answer = one.ask(api)
            if answer.status_code not in (401, 403) or code_of(answer) != expect(one.access):
                wrong.append(f"{one.id}: {answer.status_code} {code_of(answer)}, not {expect(one.access)}")
        if changed := differing(before, snapshot.take()):
            wrong.append(f"refused attempts changed {changed}")
        if self._count_stream() != on_stream:
            wrong.append("a refused attempt was put on the stream")
        wrong += self._list_unrecorded(refused, actor)
        for one in asked:
            if expect(one.access) == LET_IN:
                answer = one.try_out(api)
                if answer.status_code in (401, 403) or answer.status_code >= 500:
                    wrong.append(f"{one.id}: may, and got {answer.status_code} {code_of(answer)}")
        return wrong

    def _list_unrecorded(self, refused: list[Operation], actor: tuple[str, int] | None) -> Iterator[str]:
        """Of nobody's attempts none is recorded; of everybody else's each permission that was refused."""
        kind, number = actor or ("anonymous", 0)
        with enter_tenant(self.acme):
            mine = AuditEntry.objects.filter(outcome=Outcome.DENIED, actor_kind=kind, actor_id=number)
            recorded = set(mine.filter(via="rest").values_list("target_id", flat=True))
        wanted = {one.access.action for one in refused} if actor is not None else set()
        if recorded != wanted:
            yield f"the audit log tells of {sorted(recorded)}, not {sorted(wanted)}"

    def _count_stream(self) -> int:
        return sum(self.stream.xlen(key) for key in self.stream.scan_iter("activities:*"))


@pytest.fixture
def matrix(
    things: dict[str, Any],
    redis_stream: Redis,
    acme: TenantContext,
    globex: TenantContext,
    monkeypatch: pytest.MonkeyPatch,
) -> Matrix:
    for kind in limits.POLICIES:  # there are more operations than one may ask at once
        monkeypatch.setitem(limits.POLICIES, kind, limits.Policy(burst=1_000_000, per_second=100_000))
    for user in User.objects.filter(username="the-operator"):
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return Matrix(list_operations(things), redis_stream, acme, globex)


def test_every_operation_is_asked(matrix: Matrix) -> None:
    asked = {one.id for one in matrix.operations}
    assert asked == {name for name, access in OPERATIONS.items() if access.action != EVERYBODY}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_operation_is_for_the_people_in_its_row(matrix: Matrix, kind: Kind) -> None:
    api = Api().as_person(kind.username) if kind.username else Api()
    actor = ("user", User.objects.get(username=kind.username).pk) if kind.username else None
    assert matrix.list_wrong(api, expected_of_person(kind), actor) == []
    assert mail.outbox == []


def test_whom_a_kind_names_may_what_is_open_to_them_and_no_more(
    matrix: Matrix, things: dict[str, Any], acme: TenantContext
) -> None:
    from engagement.audit.actor import SYSTEM
    from engagement.credits.approvers import add_approver
    from engagement.submissions.models import SubmissionType

    named = User.objects.get(username="acme-stranger")
    with enter_tenant(acme):
        add_approver(type_id=things["credit_type_id"], name="Sam", user_id=named.pk, actor=SYSTEM)
        reviewers = {"users": [named.pk]}
        SubmissionType.objects.filter(pk=things["submission_type_id"]).update(reviewers=reviewers)
    by_role = expected_of_person(next(kind for kind in KINDS if kind.name == "stranger"))
    api = Api().as_person("acme-stranger")

    wrong = matrix.list_wrong(
        api, lambda access: LET_IN if access.named else by_role(access), ("user", named.pk)
    )

    assert wrong == []
    assert {one.id for one in matrix.operations if one.access.named} >= {
        "approve_credit_request",
        "decide_submissions",
    }


def test_every_operation_is_for_keys_with_its_scope(matrix: Matrix, acme: TenantContext) -> None:
    """A key with no scope and one with all of them ask everything. What needs a scope opens to a key that has just this one, and
    stays shut to a key that has all others: then no other scope opens it either."""
    every = frozenset(SCOPES)
    asked = [(frozenset[str](), matrix.operations), (every, matrix.operations)]
    for scope in SCOPES:
        needing = [one for one in matrix.operations if one.access.scope == scope]
        asked += [(frozenset({scope}), needing), (every - {scope}, needing)]
    wrong = {}
    for scopes, operations in asked:
        token = issue(acme, *(scopes or {"audit:read"}))
        key = ApiKey.objects.latest("pk")
        if not scopes:  # none can be made without; one whose scopes are of a former release has none
            ApiKey.objects.filter(pk=key.pk).update(scopes=["everything:write"])
        found = matrix.list_wrong(Api(token), expected_of_key(scopes), ("key", key.pk), operations)
        if found:
            wrong[", ".join(sorted(scopes)) or "no scope"] = found
        key.delete()  # a community has only so many
        cache_redis().flushdb()  # a community's refusals are recorded up to a bound an hour
    assert wrong == {}
    assert mail.outbox == []


def test_another_communitys_key_is_nobodys_here(matrix: Matrix, globex: TenantContext) -> None:
    api = Api(issue(globex, *SCOPES))
    snapshot = Snapshot("public", matrix.acme.schema, globex.schema)
    before = snapshot.take()
    for one in matrix.operations:
        assert one.ask(api).status_code == 401, one.id
    assert differing(before, snapshot.take()) == []


def test_single_grants_count_on_every_operation(matrix: Matrix) -> None:
    granted, limited = Api().as_person("acme-granted"), Api().as_person("acme-limited")
    for api in (granted, limited):
        api.get("me")
    snapshot = Snapshot("public", matrix.acme.schema, matrix.globex.schema)
    before = snapshot.take()
    wrong = []
    for one in matrix.operations:
        action = one.access.action
        if action not in GRANTABLE:
            continue
        Membership.objects.filter(user__username="acme-granted").update(given=[action])
        Membership.objects.filter(user__username="acme-limited").update(taken=[action])
        if one.try_out(granted).status_code == 403:
            wrong.append(f"{one.id}: {action} was given, and it is refused")
        if one.ask(limited).status_code != 403:
            wrong.append(f"{one.id}: {action} was taken, and it is not refused")
    Membership.objects.filter(user__username__in=["acme-granted", "acme-limited"]).update(given=[], taken=[])
    assert wrong == []
    assert differing(before, snapshot.take()) == []
