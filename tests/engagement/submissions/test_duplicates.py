"""The same link however it is written, the same file, nearly the same words."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.files.models import FileUse, StoredFile
from engagement.submissions.duplicates import MOST_ALIKE, normalise_link, percent_alike, text_marks
from engagement.submissions.errors import DuplicateLinkError
from engagement.submissions.handing_in import resubmit
from engagement.submissions.reviewing import reject_submission
from engagement.submissions.selectors import get_detail, list_queue
from engagement.submissions.types import change_type
from tenants.context import TenantContext, enter_tenant

from .forms import BEA, FIELDS, as_member, give, make_member, make_type

STORY = (
    "Last Saturday eleven of us met in the old library and built a small weather station out of spare parts. "
    "We soldered the sensors, wrote the firmware together and put the first readings online before the evening was over."
)
RETOLD = STORY.replace("Last Saturday eleven", "On Saturday twelve").replace("small ", "")


@pytest.mark.parametrize(
    ("link", "normal"),
    [
        ("https://www.Example.com/", "example.com"),
        ("http://example.com", "example.com"),
        ("example.com:443/a/b/", "example.com/a/b"),
        ("https://example.com//a/index.html#part", "example.com/a"),
        ("https://example.com/a?utm_source=x&b=2&a=1&fbclid=9", "example.com/a?a=1&b=2"),
        ("https://example.com/%7Eann", "example.com/~ann"),
        ("https://EXAMPLE.com/Case", "example.com/Case"),
        ("https://bücher.example/x", "xn--bcher-kva.example/x"),
        ("https://m.example.com/x", "example.com/x"),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc&t=42", "youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://www.youtube.com/watch?t=1s&v=dQw4w9WgXcQ&list=PL1", "youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://youtube.com/live/dQw4w9WgXcQ?feature=share", "youtube.com/watch?v=dQw4w9WgXcQ"),
        ("https://twitter.com/Ann/status/1?s=20", "x.com/ann/status/1"),
        ("https://x.com/ann/status/1", "x.com/ann/status/1"),
        (
            "https://de.linkedin.com/posts/ann_we-did-it-activity-7123456789012345678-ab?utm_medium=m",
            "linkedin.com/posts/7123456789012345678",
        ),
        (
            "https://www.linkedin.com/feed/update/urn:li:activity:7123456789012345678/",
            "linkedin.com/posts/7123456789012345678",
        ),
        ("https://old.reddit.com/r/x/comments/1abc/some_title/", "reddit.com/comments/1abc"),
        ("https://redd.it/1abc", "reddit.com/comments/1abc"),
        ("https://ann.medium.com/my-story-0123456789ab", "medium.com/p/0123456789ab"),
        ("https://github.com/Ann/Repo.git", "github.com/ann/repo"),
        ("ftp://example.com", None),
        ("javascript:alert(1)", None),
        ("https://user:pw@example.com/", None),
        ("https://localhost/", None),
        ("https://exa mple.com", None),
        ("https://[::1", None),
        ("https://" + "a" * 300 + ".com", None),
        ("", None),
    ],
)
def test_a_link_says_where_it_leads(link: str, normal: str | None) -> None:
    assert normalise_link(link) == normal
    if normal is not None:
        assert normalise_link(normal) == normal


def test_texts_are_compared_by_their_words() -> None:
    assert percent_alike(text_marks([STORY]), text_marks([STORY.upper() + " https://example.com"])) == 100
    assert percent_alike(text_marks([STORY]), text_marks([RETOLD])) >= 60
    assert (
        percent_alike(
            text_marks([STORY]), text_marks(["A quite different evening with nobody there but me."])
        )
        == 0
    )
    assert text_marks(["Too short to tell"]) == []
    assert len(text_marks([" ".join(str(n) for n in range(5000))])) == 48


@pytest.fixture
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


@pytest.mark.usefixtures("_in_acme")
class TestHandedIn:
    def test_a_link_counts_once_where_the_type_says_so(self, acme: TenantContext) -> None:
        of, member, other = make_type(acme), make_member(acme), make_member(acme)
        first = give(acme, of, member, {"what": "A", "link": "https://youtu.be/abc"})

        for who, own in ((member, True), (other, False)):
            with pytest.raises(DuplicateLinkError) as refused:
                give(acme, of, who, {"what": "B", "link": "https://www.youtube.com/watch?v=abc&t=9"})
            assert (refused.value.earlier_id, refused.value.own) == (first.pk, own)
            assert member.display_name not in refused.value.message
        give(acme, make_type(acme), other, {"what": "B", "link": "https://youtu.be/abc"})
        reject_submission(context=acme, submission_id=first.pk, actor=BEA, reason="No.")
        second = give(acme, of, other, {"what": "B", "link": "https://youtu.be/abc"})
        assert second.like_ids[-1] == first.pk
        with pytest.raises(DuplicateLinkError):
            resubmit(
                context=acme,
                submission_id=first.pk,
                answers={"what": "A", "link": "https://youtu.be/abc"},
                actor=as_member(member),
            )

    def test_elsewhere_it_is_shown_with_the_earlier_one(self, acme: TenantContext) -> None:
        of, member = make_type(acme), make_member(acme)
        change_type(context=acme, type_id=of.pk, values={"unique_links": False}, actor=BEA)
        first = give(acme, of, member, {"what": "A", "link": "https://example.com/x"})

        second = give(acme, of, member, {"what": "B", "link": "http://www.example.com/x/?utm_source=y"})

        assert (first.like_ids, second.like_ids) == ([], [first.pk])
        [alike] = get_detail(submission_id=second.pk).alike
        assert (alike.item.submission.pk, alike.likeness.words) == (first.pk, "the same link")
        assert [item.submission.pk for item in list_queue(alike=True)] == [second.pk]

    def test_nearly_the_same_words_and_the_same_file_are_seen(self, acme: TenantContext) -> None:
        fields = [*FIELDS, {"key": "file", "label": "File", "kind": "file", "required": False}]
        of, member, other = make_type(acme, fields=fields), make_member(acme), make_member(acme)

        def stored(owner: int) -> int:
            file = StoredFile.objects.create(
                use=FileUse.ATTACHMENT,
                name="x.pdf",
                content_type="application/pdf",
                size=1,
                sha256="ab" * 32,
                owner_id=owner,
            )
            return int(file.pk)

        told = give(acme, of, member, {"what": "A", "story": STORY})
        shown = give(acme, of, member, {"what": "A", "file": [stored(member.pk)]})
        mine = give(acme, of, other, {"what": "B", "story": RETOLD, "file": [stored(other.pk)]})

        words = {
            one.item.submission.pk: one.likeness.words for one in get_detail(submission_id=mine.pk).alike
        }
        assert words[shown.pk] == "the same file"
        assert words[told.pk].endswith("% the same words")
        assert set(words) == {told.pk, shown.pk}

    def test_no_more_than_a_few_are_named(self, acme: TenantContext) -> None:
        of, member = make_type(acme), make_member(acme)
        made = [give(acme, of, member, {"what": "A", "story": STORY}) for _ in range(MOST_ALIKE + 2)]

        assert made[-1].like_ids == [one.pk for one in reversed(made[1:-1])]
