"""What was handed in before: the same link, the same file, nearly the same words.

A submission's marks are what it is found by: "l:" and the digest of each link as it stands after normalising, "f:" and that of each
file's bytes, "s:" and the smallest digests of its text's shingles (three words each). How alike two texts are is estimated from the
smallest digests of both together, which is exact for texts of up to SKETCH shingles.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from .models import Submission
from .states import COUNTED, REJECTED

SKETCH: Final = 48
ALIKE_PERCENT: Final = 60
MOST_ALIKE: Final = 5
_SHINGLE: Final = 3
_FEWEST_WORDS: Final = 6
_CANDIDATES: Final = 100
_TRACKING: Final = re.compile(
    r"utm_.*|mc_[ce]id|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igsh(id)?|_hs(enc|mi)|mkt_tok|twclid|li_fat_id|trk.*|rcm|lipi|"
    r"vero_id|oly_(anon|enc)_id|ref_?(src|url)?|spm|share_?id|feature|cmpid|source|s_kwcid|si|pp|ab_channel"
)
_TIMES: Final = frozenset({"t", "start", "time_continue"})  # where in a video, not which one
_MOBILE: Final = ("www.", "m.", "mobile.", "amp.")
_YOUTUBE: Final = ("youtube.com", "youtube-nocookie.com", "music.youtube.com")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """An earlier submission. `link`, `file`: they share one. `percent`: how much of the words is the same."""

    submission_id: int
    link: str = ""
    file: bool = False
    percent: int = 0

    @property
    def words(self) -> str:
        if self.link:
            return "the same link"
        return "the same file" if self.file else f"{self.percent} % the same words"


def normalise_link(link: str) -> str | None:
    """What of a link says where it leads, as host/path?query; None for what is no web address.

    Without scheme, www. and the like, port, fragment, tracking, trailing slash and index page; parameters in order; the short forms
    of well-known sites in their long one.
    """
    text = link.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
    except (ValueError, UnicodeError):
        return None
    if parts.scheme.lower() not in ("http", "https") or parts.username is not None:
        return None
    if "." not in host or not re.fullmatch(r"[a-z0-9.-]+", host) or re.search(r"\s", parts.netloc):
        return None
    for prefix in _MOBILE:
        if host.startswith(prefix) and host.count(".") > 1:
            host = host.removeprefix(prefix)
    path = re.sub(r"/{2,}", "/", unquote(parts.path))
    path = re.sub(r"/(index|default)\.(html?|php|aspx?)$", "/", path).rstrip("/")
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name.lower())
    ]
    host, path, query = _long_form(host, path, query)
    asked = urlencode(sorted(query))
    return f"{host}{path}{'?' + asked if asked else ''}"


def _long_form(host: str, path: str, query: list[tuple[str, str]]) -> tuple[str, str, list[tuple[str, str]]]:
    """Sites that have several addresses for one thing."""
    if host == "youtu.be" and len(path) > 1:
        return "youtube.com", "/watch", [("v", path.split("/")[1])]
    if host in _YOUTUBE:
        found = re.fullmatch(r"/(shorts|live|embed|v)/([\w-]+)", path)
        if found:
            return "youtube.com", "/watch", [("v", found[2])]
        if path == "/watch":
            return "youtube.com", path, [pair for pair in query if pair[0] == "v"]
        return "youtube.com", path, [pair for pair in query if pair[0] not in _TIMES]
    if host in ("twitter.com", "x.com", "fxtwitter.com", "vxtwitter.com"):
        return "x.com", path.lower(), []
    if host.endswith(".linkedin.com") or host == "linkedin.com":
        post = re.search(r"(?:activity|ugcPost|share)[:-](\d{10,})", path)
        return "linkedin.com", f"/posts/{post[1]}" if post else path.lower(), []
    if host == "lnkd.in":
        return host, path, []
    if host == "redd.it" and len(path) > 1:
        return "reddit.com", f"/comments{path}", []
    if host in ("old.reddit.com", "new.reddit.com", "np.reddit.com", "reddit.com"):
        thread = re.match(r"/r/[^/]+(/comments/\w+)(?:/[^/]*(/\w+)?)?", path)
        return "reddit.com", (thread[1] + (thread[2] or "") if thread else path), []
    if host.endswith(".medium.com") or host == "medium.com":
        story = re.search(r"-([0-9a-f]{10,12})$", path)
        return (host if story is None else "medium.com"), (f"/p/{story[1]}" if story else path), query
    if host == "github.com":
        return host, path.lower().removesuffix(".git"), query
    return host, path, query


def link_mark(normal: str) -> str:
    return f"l:{_digest(normal)[:20]}"


def file_mark(sha256: str) -> str:
    return f"f:{sha256[:20]}"


def text_marks(texts: Iterable[str]) -> list[str]:
    """The smallest of the shingles of all texts together; none of what is too short to tell anything."""
    words = [
        word
        for text in texts
        for word in _WORD.findall(
            unicodedata.normalize("NFKC", re.sub(r"https?://\S+", " ", text)).casefold()
        )
    ]
    if len(words) < _FEWEST_WORDS:
        return []
    shingles = {" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
    return [f"s:{digest[:12]}" for digest in sorted(_digest(shingle) for shingle in shingles)[:SKETCH]]


def percent_alike(one: Iterable[str], other: Iterable[str]) -> int:
    """Of the shingles of both, how many are in both: in percent, from their marks."""
    mine = {mark for mark in one if mark.startswith("s:")}
    theirs = {mark for mark in other if mark.startswith("s:")}
    union = sorted(mine | theirs)[:SKETCH]
    return (
        0
        if not mine or not theirs
        else 100 * sum(mark in mine and mark in theirs for mark in union) // len(union)
    )


def find_same_link(*, type_id: int, links: Sequence[str], without: int | None = None) -> Submission | None:
    """The newest submission of the type that holds one of these normalised links and was neither rejected nor withdrawn. One query."""
    if not links:
        return None
    found = Submission.objects.filter(
        type_id=type_id, state__in=COUNTED, marks__has_any_keys=[link_mark(link) for link in links]
    )
    return found.exclude(pk=without or 0).order_by("-pk").first()


def find_alike(*, marks: Sequence[str], links: Sequence[str], without: int | None = None) -> list[Likeness]:
    """Up to MOST_ALIKE earlier submissions of any type, the most alike first. One query, whatever their number."""
    if not marks:
        return []
    earlier = Submission.objects.filter(state__in=(*COUNTED, REJECTED), marks__has_any_keys=list(marks))
    if without is not None:
        earlier = earlier.filter(pk__lt=without)
    rows = earlier.order_by("-pk").values_list("pk", "marks")[:_CANDIDATES]
    found = [compare_marks(pk, marks, theirs, links) for pk, theirs in rows]
    alike = [one for one in found if one is not None]
    return sorted(alike, key=lambda one: (not one.link, not one.file, -one.percent, -one.submission_id))[
        :MOST_ALIKE
    ]


def compare_marks(
    earlier_id: int, marks: Sequence[str], theirs: Sequence[str], links: Sequence[str]
) -> Likeness | None:
    """How an earlier submission with the marks `theirs` resembles one; None where it does not."""
    known = set(theirs)
    link = next((link for link in links if link_mark(link) in known), "")
    file = any(mark.startswith("f:") and mark in known for mark in marks)
    percent = percent_alike(marks, theirs)
    if not link and not file and percent < ALIKE_PERCENT:
        return None
    return Likeness(earlier_id, link, file, percent)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
