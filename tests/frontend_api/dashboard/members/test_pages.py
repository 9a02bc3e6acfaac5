"""A member's page and what is done there: registered, changed, given points, deleted, restored, merged, handed over."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.members.models import Member
from engagement.progression.people import delete_member
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as COMMUNITY
from tests.frontend_api.givers import TEAM, give
from tests.frontend_api.hosts import ACME, GLOBEX, Browser

LIST = "/dashboard/members/"


def text_of(answer: Any) -> str:
    """The page, whatever its status."""
    return str(answer.content.decode())


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path=LIST)
    return pages


def at(member_id: int, path: str = "") -> str:
    return f"{LIST}{member_id}/{path}"


def send(desk: Browser, path: str, **form: object) -> Any:
    return desk.on(ACME).post(path, form, follow=True)


def test_the_page_tells_everything_and_its_tabs_the_rest(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 80001, "Ada <script>", 1_284)
    text = text_of(desk.on(ACME).get(at(member_id)))
    assert "Ada &lt;script&gt;" in text
    assert "1,284" in text
    assert "80001" in text
    assert "Given by the team" in text_of(desk.on(ACME).get(at(member_id, "?tab=history")))
    assert "changed the points of" in text_of(desk.on(ACME).get(at(member_id, "?tab=changes")))
    for odd in ("?tab=%00", "?tab=history&before=x", f"?tab=history&before={'9' * 30}"):
        assert desk.on(ACME).get(at(member_id, odd)).status_code == 200


def test_the_queries_do_not_grow_with_the_history(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 1, "Ada", 1)
    counts = []
    for number in range(2):
        desk.on(ACME).get(at(member_id, "?tab=history"))
        with CaptureQueriesContext(connection) as queries:
            desk.on(ACME).get(at(member_id, "?tab=history"))
        counts.append(len(queries))
        for more in range(40):
            give(acme, 1, "Ada", 1, key=f"{number}:{more}")
    assert counts[0] == counts[1]


def test_registering_once_however_often_the_form_is_sent(desk: Browser, acme: TenantContext) -> None:
    form = {
        "name": "Grace  Hopper ",
        "email": "grace@example.org",
        "joined_at": "2024-02-29",
        "note": "tall",
        "request_key": uuid4().hex,
    }
    first = send(desk, f"{LIST}register/", **form)
    assert "Grace Hopper is registered." in text_of(first)
    send(desk, f"{LIST}register/", **form)
    with enter_tenant(acme):
        (member,) = Member.objects.filter(display_name="Grace Hopper")
    assert (member.email, member.note) == ("grace@example.org", "tall")
    assert member.joined_at is not None
    assert member.joined_at.date().isoformat() == "2024-02-29"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "\u202eexe.png"}, "printable characters"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "Ada", "email": "nobody"}, "is no e-mail address"),
        ({"name": "Ada", "joined_at": "0201-01-01"}, "Choose a day"),
        ({"name": "Ada", "joined_at": "soon"}, "valid date"),
        ({"name": "Ada", "note": "x" * 100_000}, "at most 500"),
    ],
)
def test_what_cannot_be_registered_stays_in_the_form_with_its_error(
    desk: Browser, acme: TenantContext, wrong: dict[str, str], said: str
) -> None:
    with enter_tenant(acme):
        before = Member.objects.count()
    answer = send(desk, f"{LIST}register/", **wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    with enter_tenant(acme):
        assert Member.objects.count() == before


def test_two_organisers_edit_one_member_and_the_second_chooses(desk: Browser, acme: TenantContext) -> None:
    member_id = _register(desk, acme)
    first, second = (_open(desk, at(member_id, "edit/")) for _ in range(2))
    send(desk, at(member_id, "edit/"), opened=first, name="Ada", email="new@example.org", note="old")
    answer = send(desk, at(member_id, "edit/"), opened=second, name="Ada L.", email="", note="mine")
    assert answer.status_code == 409
    text = text_of(answer)
    assert "new@example.org" in text
    assert "changed this while you had it open" in text
    opened = re.search(r'name="opened" value="([^"]+)"', text)
    assert opened is not None
    choices = {"choose-email": "theirs", "choose-name": "mine", "choose-note": "mine"}
    done = send(
        desk, at(member_id, "edit/"), opened=opened[1], name="Ada L.", email="", note="mine", **choices
    )
    assert "Ada L. is saved." in text_of(done)
    with enter_tenant(acme):
        member = Member.objects.get(pk=member_id)
    assert (member.display_name, member.email, member.note) == ("Ada L.", "new@example.org", "mine")


def test_a_name_from_discord_is_left_alone(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 80001, "Ada", 1)
    opened = _open(desk, at(member_id, "edit/"))
    send(desk, at(member_id, "edit/"), opened=opened, name="Mallory", note="x")
    with enter_tenant(acme):
        assert Member.objects.get(pk=member_id).display_name == "Ada"


def test_points_are_given_once_and_undone(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 1, "Ada", 100)
    form = {"way": "take", "amount": 30, "reason": "Spam", "request_key": uuid4().hex}
    text = text_of(send(desk, at(member_id, "points/"), **form))
    assert "−30 points for Ada, who now has 70." in text
    undo = re.search(r'action="([^"]+/undo/)"', text)
    assert undo is not None
    send(desk, at(member_id, "points/"), **form)
    assert "Undone: +30 points." in text_of(send(desk, undo[1]))
    assert send(desk, undo[1]).status_code == 200
    assert "100" in text_of(desk.on(ACME).get(at(member_id)))
    wrong = send(desk, at(member_id, "points/"), way="give", amount=0, reason="x", request_key="k")
    assert wrong.status_code == 422


def test_what_was_done_by_hand_is_undone_from_the_history(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 1, "Ada", 100)
    history = at(member_id) + "?tab=history"
    page = desk.on(ACME).get(history).content.decode()
    (undo,) = re.findall(r'action="([^"]+/undo/)"', page)
    assert "Undone: −100 points." in text_of(send(desk, undo))
    assert not re.findall(r'action="([^"]+/undo/)"', desk.on(ACME).get(history).content.decode())


def test_deleting_asks_first_and_can_be_undone(desk: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 1, "Ada", 100)
    asked = text_of(desk.on(ACME).get(at(member_id, "delete/")))
    assert "vanish from boards" in asked
    assert "100 points" in asked
    text = text_of(send(desk, at(member_id, "delete/"), confirmed="1"))
    assert "Ada is deleted" in text
    assert "Ada" not in text_of(desk.on(ACME).get("/leaderboard/"))
    assert desk.on(ACME).get(f"/members/{member_id}/").status_code == 404
    assert ">Ada<" not in text_of(desk.on(ACME).get(LIST))
    assert ">Ada<" in text_of(desk.on(ACME).get(f"{LIST}?state=deleted"))
    assert "Ada is back" in text_of(send(desk, at(member_id, "restore/")))
    assert ">Ada<" in text_of(desk.on(ACME).get(LIST))


def test_merging_shows_what_it_does_and_wants_the_name(desk: Browser, acme: TenantContext) -> None:
    kept, gone = give(acme, 1, "Ada", 100), give(acme, 2, "Adele", 50)
    give(acme, 3, "Adelheid", 1)
    assert "Several members are called that" in text_of(send(desk, at(kept, "merge/"), member_text="adel"))
    assert "Nobody here is called" in text_of(send(desk, at(kept, "merge/"), member_text="zzz"))
    assert "these are the same one" in text_of(send(desk, at(kept, "merge/"), member=kept))
    asked = send(desk, at(kept, "merge/"), member_text="adele")
    assert "Together: 150 points" in text_of(asked)
    wrong = send(desk, at(kept, "merge/"), member=gone, confirmed="1", typed="Ada")
    assert "That is not the name" in text_of(wrong)
    done = send(desk, at(kept, "merge/"), member=gone, confirmed="1", typed=" adele ")
    assert "Adele and Ada are one member now." in text_of(done)
    assert "Merged into" in text_of(desk.on(ACME).get(at(gone)))
    assert "Two members became one" in text_of(desk.on(ACME).get(at(kept, "?tab=history")))


def test_the_picker_finds_by_name(desk: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada Lovelace", 1)
    found = text_of(desk.on(ACME).get(f"{LIST}pick/?member_text=love"))
    assert "Ada Lovelace" in found
    assert 'type="radio"' in found


def test_types_are_a_list_a_field_and_a_filter(desk: Browser, acme: TenantContext) -> None:
    opened = _open(desk, f"{LIST}types/")
    assert "2 member types" in text_of(
        send(desk, f"{LIST}types/", opened=opened, names="mentor\nstudent\n\nmentor")
    )
    member_id = _register(desk, acme)
    page = text_of(desk.on(ACME).get(at(member_id, "edit/")))
    option = re.search(r'<option value="(\d+)">mentor', page)
    assert option is not None
    send(desk, at(member_id, "edit/"), opened=_open(desk, at(member_id, "edit/")), name="Ada", type=option[1])
    assert ">Ada<" in text_of(desk.on(ACME).get(f"{LIST}?type={option[1]}"))
    assert ">Ada<" not in text_of(desk.on(ACME).get(f"{LIST}?type=0"))
    wrong = send(
        desk, f"{LIST}types/", opened=_open(desk, f"{LIST}types/"), names="\n".join(map(str, range(30)))
    )
    assert "At most 20 types" in text_of(wrong)


def test_the_claim_goes_from_the_code_to_the_members_page(desk: Browser, acme: TenantContext) -> None:
    member_id = _register(desk, acme)
    answer = send(desk, at(member_id, "code/"))
    code = re.search(r'id="claim-code">([^<]+)<', text_of(answer))
    assert code is not None
    assert answer["Cache-Control"] == "private, no-store"
    assert code[1] not in text_of(desk.on(ACME).get(at(member_id)))
    person = Browser()
    person.sign_in("acme-stranger", path="/claim/")
    wrong = person.on(ACME).post("/claim/", {"code": "AAAAA-AAAAA"})
    assert wrong.status_code == 422
    assert "You can try 2 more times" in text_of(wrong)
    preview = text_of(person.on(ACME).post("/claim/", {"code": code[1].lower()}))
    assert "Is this you?" in preview
    assert "Ada" in preview
    done = person.on(ACME).post("/claim/", {"code": code[1], "confirmed": "1"}, follow=True)
    assert done.redirect_chain == [(f"/members/{member_id}/", 302)]
    again = Browser()
    again.sign_in("acme-moderator", path="/claim/")
    assert again.on(ACME).post("/claim/", {"code": code[1], "confirmed": "1"}).status_code == 422


def test_guessing_locks_out_and_stands_on_home(desk: Browser, acme: TenantContext) -> None:
    person = Browser()
    person.sign_in("acme-stranger", path="/claim/")
    for expected in (422, 422, 429, 429):
        answer = person.on(ACME).post("/claim/", {"code": "AAAAA-AAAAA"})
        assert answer.status_code == expected
    assert int(answer["Retry-After"]) > 3_000
    assert "wrong claim codes" in text_of(desk.on(ACME).get("/dashboard/"))


def test_a_stranger_signs_in_before_claiming(pages: Browser) -> None:
    answer = pages.on(ACME).get("/claim/")
    assert answer.status_code == 302
    assert "next=%2Fclaim%2F" in answer["Location"]


def test_another_communitys_member_is_a_404_of_the_same_shape(
    pages: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    member_id = give(acme, 1, "Ada", 1) + 100_000
    pages.sign_in("globex-owner", host=GLOBEX, path=LIST)
    for path in ("", "edit/", "points/", "delete/", "merge/"):
        answer = pages.on(GLOBEX).get(at(member_id, path))
        assert answer.status_code == 404
        assert "There is no such member in this community." in text_of(answer)


def test_moderators_do_not_delete_and_analysts_only_look(pages: Browser, acme: TenantContext) -> None:
    member_id = give(acme, 1, "Ada", 1)
    pages.sign_in("acme-moderator", path=LIST)
    page = text_of(pages.on(ACME).get(at(member_id)))
    assert "Give or take" in page
    assert "/delete/" not in page
    assert pages.on(ACME).post(at(member_id, "delete/"), {"confirmed": "1"}).status_code == 403
    bulk = {"act": "delete", "ids": [member_id], "confirmed": "1"}
    assert pages.on(ACME).post(f"{LIST}bulk/", bulk).status_code == 403
    with enter_tenant(acme):
        assert Member.objects.get(pk=member_id).deleted_at is None


def test_a_deleted_member_who_signs_in_is_a_stranger(pages: Browser, acme: TenantContext) -> None:
    member_id = give(acme, COMMUNITY.discord_id("member"), "Mia", 5)
    with enter_tenant(acme):
        delete_member(member_id=member_id, actor=TEAM, context=acme)
    pages.sign_in("acme-member", path="/leaderboard/")
    assert pages.on(ACME).get(f"/members/{member_id}/").status_code == 404


def _open(desk: Browser, path: str) -> str:
    """What a form was opened at, as it carries it."""
    found = re.search(r'name="opened" value="([^"]+)"', text_of(desk.on(ACME).get(path)))
    assert found is not None
    return found[1]


def _register(desk: Browser, acme: TenantContext) -> int:
    send(desk, f"{LIST}register/", name="Ada", note="old", request_key=uuid4().hex)
    with enter_tenant(acme):
        return int(Member.objects.get(display_name="Ada").pk)
