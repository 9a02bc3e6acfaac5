"""Submissions over REST: kinds made and changed, things handed in with files, decided and taken back, surveys let in."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import orjson
import pytest
from PIL import Image

from engagement.members.models import Member
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.survey_tools import sign_webhook
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of

Keys = Callable[..., Api]
EVERYTHING = ("submissions:read", "submissions:write", "submission_reviews:write", "submission_types:write")
KIND: dict[str, Any] = {
    "name": "Deed",
    "fields": [
        {"key": "what", "label": "What was it", "kind": "text"},
        {"key": "shot", "label": "Picture", "kind": "picture", "required": False, "most": 2},
    ],
    "award": {"kind": "fixed", "points": 50},
    "sla_hours": 24,
}


@pytest.fixture
def ann(acme: TenantContext, pages: Any) -> int:
    return give(acme, CAST.discord_id("member"), "Ann", 10)


def make_kind(api: Api, **changed: Any) -> int:
    made = api.post("submission-types", KIND | changed)
    assert made.status_code == 201, made.content
    return int(made.json()["id"])


def hand_in(api: Api, type_id: int, member_id: int | None, **answers: Any) -> Any:
    body = {"type_id": type_id, "answers": {"what": "A thing"} | answers}
    return api.post("submissions", body | ({} if member_id is None else {"member_id": member_id}))


def test_a_kind_is_made_read_changed_and_put_away(key_of: Keys) -> None:
    api = key_of(*EVERYTHING)
    made = api.post("submission-types", KIND | {"channel_id": "900000000000000077"})
    told = made.json()

    assert made.status_code == 201, made.content
    assert (told["key"], told["channel_id"], told["active"]) == ("deed", "900000000000000077", True)
    assert api.get(made["Location"]).json() == told
    assert api.patch(made["Location"], {"sla_hours": 5}).status_code == 428
    changed = api.patch(made["Location"], {"sla_hours": 5}, if_match=made["ETag"])
    assert (changed.json()["sla_hours"], changed.json()["version"]) == (5, 2)
    stale = api.patch(made["Location"], {"sla_hours": 6}, if_match=made["ETag"])
    assert (stale.status_code, stale.json()["current"]["sla_hours"]) == (412, 5)
    assert api.post(f"submission-types/{told['id']}/switch", {"active": False}).json()["active"] is False
    assert api.delete(made["Location"]).json()["archived_at"] is not None
    assert api.get("submission-types").json()["items"] == []
    assert len(api.get("submission-types?archived=true").json()["items"]) == 1
    assert api.post(f"submission-types/{told['id']}/restore").json()["archived_at"] is None


def test_what_is_wrong_with_a_kind_is_named(key_of: Keys) -> None:
    api = key_of("submission_types:write")
    for changed, where in (
        ({"name": ""}, "name"),
        ({"fields": []}, "fields"),
        ({"fields": [{"key": "A", "label": "A", "kind": "text"}]}, "fields.0.key"),
        ({"award": {"kind": "rubric", "points": 5}}, "award.kind"),
        ({"channel_id": "general"}, "channel_id"),
        ({"reviewers": {"users": [0]}}, "reviewers.users.0"),
    ):
        answer = api.post("submission-types", KIND | changed)
        assert answer.status_code == 422, (changed, answer.content)
        assert answer.json()["errors"][0]["field"] == where


def test_a_program_hands_in_for_a_member_and_the_team_decides(
    key_of: Keys, ann: int, acme: TenantContext
) -> None:
    api = key_of(*EVERYTHING)
    kind = make_kind(api)
    made = api.post(
        "submissions", {"type_id": kind, "answers": {"what": "A"}, "member_id": ann}, idempotency_key="k"
    )
    again = api.post(
        "submissions", {"type_id": kind, "answers": {"what": "A"}, "member_id": ann}, idempotency_key="k"
    )

    assert made.status_code == again.status_code == 201, made.content
    assert made.json() == again.json()
    number = made.json()["submission"]["id"]
    [listed] = api.get("submissions?state=pending").json()["items"]
    assert (listed["id"], listed["title"], listed["member_name"]) == (number, "A", "Ann")
    assert code_of(api.post(f"submissions/{number}/reject", {"reason": " "})) == "invalid_input"
    claimed = api.post(f"submissions/{number}/claim").json()["submission"]
    assert claimed["claimed_by"] == "test"
    assert api.delete(f"submissions/{number}/claim").status_code == 204
    asked = api.post(f"submissions/{number}/ask", {"question": "Which?"}).json()
    assert (asked["submission"]["state"], asked["submission"]["reason"]) == ("needs_info", "Which?")
    done = api.post(f"submissions/{number}/approve", {"points": 40, "note": "Good."}).json()
    assert (done["submission"]["state"], done["submission"]["points"]) == ("approved", 40)
    back = api.post(f"submissions/{number}/undo").json()
    assert (back["submission"]["state"], back["submission"]["points"]) == ("pending", 0)
    assert [step["state"] for step in back["history"]] == ["pending", "needs_info", "approved", "pending"]
    assert code_of(api.post(f"submissions/{number}/approve", {"points": 51})) == "invalid_review"
    results = api.post("submissions/decide", {"submission_ids": [number, 999_999], "act": "approve"}).json()
    assert [(one["done"], one["code"]) for one in results["items"]] == [
        (True, ""),
        (False, "submission_not_found"),
    ]
    assert api.on(GLOBEX).get(f"submissions/{number}").status_code in (401, 403)


def test_whom_a_kind_names_reviews_that_kind(
    key_of: Keys, person: Callable[[str], Api], ann: int, acme: TenantContext
) -> None:
    api, bea = key_of(*EVERYTHING), person("acme-stranger")
    kind, other = make_kind(api), make_kind(api, name="Talk")
    mine, theirs = (hand_in(api, one, ann).json()["submission"]["id"] for one in (kind, other))
    assert code_of(bea.get("submissions")) == "not_permitted"
    member_id = give(acme, CAST.discord_id("stranger"), "Bea", 0)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(role_ids=["555"])
        SubmissionType.objects.filter(pk=kind).update(reviewers={"roles": ["555"]})

    assert [one["id"] for one in bea.get("submissions").json()["items"]] == [mine]
    assert bea.get(f"submissions?type_id={other}").json()["items"] == []
    read = bea.get(f"submissions/{mine}").json()
    assert (read["answers"], read["resembles"]) == ({"what": "A thing"}, [])
    assert code_of(bea.get(f"submissions/{theirs}")) == "not_a_reviewer"
    assert bea.post(f"submissions/{mine}/claim").json()["submission"]["claimed_by"]
    assert bea.delete(f"submissions/{mine}/claim").status_code == 204
    many = bea.post("submissions/decide", {"submission_ids": [mine, theirs], "act": "approve"}).json()
    assert [(one["done"], one["code"]) for one in many["items"]] == [
        (True, ""),
        (False, "submission_not_found"),
    ]
    assert bea.post(f"submissions/{mine}/undo").json()["submission"]["state"] == "pending"
    for act in ("claim", "approve", "undo"):
        assert code_of(bea.post(f"submissions/{theirs}/{act}")) == "not_a_reviewer"
    assert bea.get("reason-templates").status_code == 200
    assert code_of(bea.post("reason-templates", {"text": "No", "outcome": "rejected"})) == "not_permitted"


def test_every_wrong_answer_is_named(key_of: Keys, ann: int) -> None:
    api = key_of(*EVERYTHING)
    kind = make_kind(api)

    wrong = hand_in(api, kind, ann, what="", shot=["x"])

    assert wrong.status_code == 422
    assert set(wrong.json()["answers"]) == {"what", "shot"}
    assert code_of(hand_in(api, kind, None)) == "invalid_input"
    assert code_of(hand_in(api, 999_999, ann)) == "submission_type_not_found"
    assert code_of(hand_in(api, kind, 999_999)) == "member_not_found"
    assert code_of(hand_in(api, kind, ann, what={"a": 1})) == "invalid_answers"


def test_a_file_is_uploaded_and_attached(key_of: Keys, ann: int) -> None:
    api = key_of(*EVERYTHING)
    kind = make_kind(api)
    drawn = BytesIO()
    Image.new("RGB", (20, 10), "red").save(drawn, "PNG")
    path = f"submissions/files?member_id={ann}"

    stored = api.ask(
        "POST", path, drawn.getvalue(), content_type="application/octet-stream", x_file_name="a.png"
    )
    lying = api.ask("POST", path, b"<script>", content_type="application/octet-stream", x_file_name="a.png")

    assert stored.status_code == 201, stored.content
    assert lying.status_code == 422
    assert api.post("submissions/files?member_id=999999", {}).status_code == 404
    assert api.post(path, {}).status_code == 415
    made = hand_in(api, kind, ann, shot=[stored.json()["id"]]).json()
    assert made["files"][0]["content_type"] == "image/webp"
    assert "/files/" in made["files"][0]["address"]


def test_a_person_hands_in_for_themselves_alone(
    key_of: Keys, person: Callable[[str], Api], acme: TenantContext, ann: int
) -> None:
    program = key_of(*EVERYTHING)
    kind = make_kind(program, limit_count=1, limit_period="week")
    me, owner = person("acme-member"), person("acme-owner")
    with enter_tenant(acme):
        mine = Member.objects.get(pk=ann)

    assert [one["can_hand_in"] for one in me.get("submission-types/open").json()["items"]] == [True]
    draft = me.post("submissions", {"type_id": kind, "answers": {}, "draft": True})
    assert draft.status_code == 201, draft.content
    number = draft.json()["submission"]["id"]
    assert program.get(f"submissions/{number}").status_code == 404
    assert me.put(f"me/submissions/{number}", {"answers": {"what": "So"}}).json()["answers"] == {"what": "So"}
    handed = me.post(f"me/submissions/{number}/resubmit", {"answers": {"what": "So it is"}})
    assert handed.json()["submission"]["state"] == "pending"
    assert [one["id"] for one in me.get("me/submissions").json()["items"]] == [number]
    assert me.get(f"me/submissions/{number}").json()["submission"]["member_id"] == mine.pk
    assert [one["why_not"] for one in me.get("submission-types/open").json()["items"]] == ["limit"]
    assert code_of(hand_in(me, kind, 999_999)) == "invalid_input"
    assert owner.post(f"submissions/{number}/approve").json()["submission"]["points"] == 50
    assert code_of(me.post(f"me/submissions/{number}/withdraw")) == "submission_state"
    assert code_of(owner.get(f"me/submissions/{number}")) in ("not_a_member", "submission_not_found")


def test_packs_are_listed_installed_and_taken_out(key_of: Keys) -> None:
    api = key_of(*EVERYTHING)
    packs = api.get("submission-packs").json()["items"]
    assert sum(len(pack["items"]) for pack in packs) >= 20

    made = api.post("submission-packs/events/install", {"keys": ["workshop", "talk"]}).json()["items"]

    assert {one["key"] for one in made} == {"workshop", "talk"}
    assert api.delete("submission-packs/events").json() == {"deleted": 2, "archived": 0}
    assert code_of(api.post("submission-packs/sports/install", {})) == "submission_pack_not_found"


def test_reason_templates(key_of: Keys) -> None:
    api = key_of(*EVERYTHING)
    made = api.post("reason-templates", {"text": "Too short.", "outcome": "rejected"}).json()

    assert api.get("reason-templates").json()["items"] == [made]
    assert api.delete(f"reason-templates/{made['id']}").status_code == 204
    assert code_of(api.delete(f"reason-templates/{made['id']}")) == "reason_not_found"


def test_a_survey_tool_signs_and_a_link_is_a_members(
    key_of: Keys, person: Callable[[str], Api], ann: int, acme: TenantContext
) -> None:
    api, owner = key_of(*EVERYTHING), person("acme-owner")
    kind = make_kind(api, automatic=True)
    assert code_of(api.post(f"submission-types/{kind}/survey-links", {"member_id": ann})) == "survey_closed"
    told = owner.put(f"submission-types/{kind}/survey-secret", {}).json()
    link = api.post(f"submission-types/{kind}/survey-links", {"member_id": ann})
    assert link.status_code == 201, link.content
    assert link.json()["ticket"] in link.json()["address"]
    body = orjson.dumps({"id": "r1", "member": {"id": ann}, "answers": {"what": "Fine"}})

    def post(secret: str, path: str = "/hooks/surveys/deed/") -> Any:
        from django.test import Client

        stamp = int(clock.now().timestamp())
        signature = sign_webhook(message_id="m", timestamp=stamp, body=body, secret=secret)
        signed = {"webhook-id": "m", "webhook-timestamp": str(stamp), "webhook-signature": signature}
        return Client(headers={"host": api.host}).post(path, body, "application/json", headers=signed)

    assert told["address"].endswith("/hooks/surveys/deed/")
    answers = [post(told["secret"]) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json() == {"id": answers[0].json()["id"], "state": "approved"}
    assert post("wrong").status_code == 403
    assert post(told["secret"], "/hooks/surveys/other/").status_code == 404
    with enter_tenant(acme):
        assert Submission.objects.get().points == 50
    assert api.delete(f"submission-types/{kind}/survey-secret").status_code == 204
    assert post(told["secret"]).status_code == 404
