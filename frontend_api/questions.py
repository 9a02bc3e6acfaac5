"""A form of engagement.submissions as a page shows it and as a browser sends it back.

What is sent becomes answers in the service's words, and nothing more: whether they fit is decided there. Files are kept as soon as they
come, so that an error elsewhere in the form never costs somebody an upload; what nothing refers to in the end is swept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict

from engagement.files.errors import InvalidFileError
from engagement.files.models import FileUse, StoredFile
from engagement.files.selectors import file_address, list_files
from engagement.files.services import RULES, store_file
from engagement.members.models import Member
from engagement.members.selectors import search_members, shown_name
from engagement.submissions.shapes import FILES, LONGEST, MAX_FILES, Field, FieldKind, Form
from tenants.context import TenantContext

CANDIDATES: Final = 8
# That a kind of submission can be shown by, each with its word.
KIND_ICONS: Final = {
    "upload": "Arrow", "calendar": "Calendar", "link": "Link", "message": "Speech bubble", "users": "People",
    "sparkles": "Sparkles", "trophy": "Cup", "list-details": "List", "bell": "Bell", "gift": "Present",
    "microphone": "Microphone", "target-arrow": "Target", "building-community": "Houses", "bookmark": "Bookmark",
    "pencil": "Pencil", "user-plus": "Newcomer", "users-group": "Group", "eye": "Eye", "chart-bar": "Chart",
    "mood-smile": "Smile", "star-filled": "Star", "player-play": "Play", "flask": "Flask", "ticket": "Ticket",
    "search": "Magnifying glass", "external-link": "Arrow out", "mail": "Letter", "coins": "Coins", "bolt": "Bolt",
}  # fmt: skip
# What ready-made kinds name and our set of icons has under another name.
_ALIASES: Final = {
    "calendar-event": "calendar", "message-dots": "message", "messages": "message", "message-heart": "mood-smile",
    "star": "star-filled", "article": "list-details", "notes": "list-details", "file-pencil": "pencil", "book": "bookmark",
    "books": "bookmark", "school": "users-group", "video": "player-play", "presentation": "microphone",
    "chart-line": "chart-bar", "briefcase": "building-community", "certificate": "trophy", "rocket": "bolt",
    "route": "target-arrow", "brand-x": "external-link", "brand-linkedin": "external-link", "hand-stop": "user-plus",
    "language": "message", "camera": "eye",
}  # fmt: skip
_DIGITS: Final = 18
_TYPES: Final = {FieldKind.NUMBER: "number", FieldKind.LINK: "url", FieldKind.DATE: "date"}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that is part of the answer."""

    id: int
    name: str
    size: int
    href: str
    is_picture: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A member who can be chosen."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Question:
    """One field as it is shown, with what was answered so far."""

    field: Field
    value: Any = ""
    error: str = ""
    files: tuple[Attached, ...] = ()
    people: tuple[Named, ...] = ()

    @property
    def name(self) -> str:
        return name_of(self.field.key)

    @property
    def shape(self) -> str:
        """Which branch of parts/question.html shows it."""
        kind = self.field.kind
        if kind in FILES:
            return "files"
        if kind == FieldKind.CHOICE:
            return "ticks" if self.field.many else "choice"
        return {FieldKind.LONG_TEXT: "long", FieldKind.MEMBER: "member"}.get(kind, "line")

    @property
    def kind_name(self) -> str:
        """“long text”."""
        return self.field.kind.replace("_", " ")

    @property
    def input_type(self) -> str:
        return _TYPES.get(self.field.kind, "text")

    @property
    def longest(self) -> int:
        """Characters of a text; 0: no such limit."""
        most = LONGEST.get(self.field.kind, 0)
        return min(self.field.most or most, most)

    @property
    def most_files(self) -> int:
        return self.field.most or MAX_FILES

    @property
    def accepts(self) -> str:
        """What a file dialog offers; the bytes decide."""
        return "image/*" if self.field.kind == FieldKind.PICTURE else ""

    @property
    def hint(self) -> str:
        """The field's limits in words."""
        return " ".join(_hints(self.field))

    @property
    def host(self) -> str:
        """Of a link: the site that it leads to, as a browser reads it; empty for what is no web address."""
        try:
            parts = urlsplit(str(self.value))
            host = parts.hostname or ""
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https") or not host:
            return ""
        try:
            return host.encode("idna").decode()  # letters that look like others show as what they are
        except UnicodeError:
            return ""

    @property
    def described(self) -> str:
        parts = (("help", self.field.help or self.hint), ("error", self.error))
        return " ".join(f"{self.name}-{part}" for part, there in parts if there)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a browser sent: answers as the service takes them, and by field what could not even be read."""

    answers: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    people: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)  # who may be meant


def icon_of(name: str) -> str:
    """The icon that a kind of submission is shown by: the one it names, or the nearest that we have."""
    known = _ALIASES.get(name, name)
    return known if known in KIND_ICONS else "upload"


def name_of(key: str) -> str:
    return f"a-{key}"


def build_questions(
    context: TenantContext,
    form: Form,
    answers: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    people: Mapping[str, tuple[Named, ...]] | None = None,
) -> list[Question]:
    """The form with its answers. Two queries at most: the files and the members that it names."""
    files = list_files(ids=_ids(form, answers, FILES))
    members = _list_members(_ids(form, answers, (FieldKind.MEMBER,)))
    questions = []
    for one in form.fields:
        value = answers.get(one.key)
        question = Question(one, "" if value is None else value, (errors or {}).get(one.key, ""))
        if one.kind in FILES:
            found = [files[id] for id in value or () if id in files]
            question = replace(question, files=tuple(attach(context, file) for file in found))
        if one.kind == FieldKind.MEMBER:
            chosen = tuple(members[id] for id in (value,) if id in members)
            question = replace(question, people=(people or {}).get(one.key, chosen))
        questions.append(question)
    return questions


def attach(context: TenantContext, file: StoredFile) -> Attached:
    return Attached(
        file.pk, file.name, file.size, file_address(context, file), file.content_type.startswith("image/")
    )


def read_sent(request: HttpRequest, form: Form, *, owner_id: int) -> Sent:
    """What was sent, field by field. Keeps the files that came along, as `owner_id`'s; of files sent before, only theirs count."""
    answers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    people: dict[str, tuple[Named, ...]] = {}
    own = _list_own_files(form, request.POST, owner_id)
    for one in form.fields:
        name = name_of(one.key)
        if one.kind in FILES:
            ids = [id for id in _numbers(request.POST.getlist(f"{name}-kept")) if id in own]
            made, error = _keep(request.FILES.getlist(name), one, owner_id, len(ids))
            value: Any = ids + made
        elif one.kind == FieldKind.MEMBER:
            value, error, people[one.key] = _read_member(request.POST, name)
        else:
            value, error = request.POST.getlist(name) if one.many else request.POST.get(name, ""), ""
        if value not in ("", [], None):
            answers[one.key] = value
        if error:
            errors[one.key] = f"“{one.label}”: {error}"
    return Sent(answers, errors, people)


def find_people(text: str) -> tuple[Named, ...]:
    """Who may be meant by the beginning of a name, as others see them."""
    found = search_members(text=text[:100], limit=CANDIDATES)
    return tuple(Named(member.pk, shown_name(member)) for member in found)


def _keep(uploads: Iterable[UploadedFile[Any]], one: Field, owner_id: int, has: int) -> tuple[list[int], str]:
    """The ids of what was kept, and what was wrong with the first that was not."""
    made: list[int] = []
    room = (one.most or MAX_FILES) - has
    most = RULES[FileUse.ATTACHMENT].most
    for upload in uploads:
        if len(made) >= room:
            return made, f"attach {one.most or MAX_FILES} at most. The others were left out."
        label = upload.name or "file"
        if (upload.size or 0) > most:
            return made, f"{label} is larger than {most // 2**20} MB. Make it smaller and attach it again."
        try:
            made.append(_keep_one(one, label, upload.read(), owner_id))
        except InvalidFileError as error:
            return made, f"{label}: {error.message}"
    return made, ""


def _keep_one(one: Field, name: str, data: bytes, owner_id: int) -> int:
    """A field for pictures takes nothing else. Raises InvalidFileError."""
    file = store_file(use=FileUse.ATTACHMENT, name=name, data=data, owner_id=owner_id)
    if one.kind == FieldKind.PICTURE and not file.content_type.startswith("image/"):
        raise InvalidFileError("this is no picture. Attach a PNG, a JPEG or a WebP.")
    return file.pk


def _read_member(data: QueryDict, name: str) -> tuple[int | None, str, tuple[Named, ...]]:
    """Whom the form means: by name, where one was typed, else by the radio button. And who can be chosen from now on."""
    text = " ".join(data.get(name, "").replace("\x00", "").split())[:100]
    chosen = _numbers([data.get(f"{name}-id", "")])
    known = tuple(_list_members(chosen).values())
    if not text or any(one.name.casefold() == text.casefold() for one in known):
        return (known[0].id if known else None), "", known
    found = find_people(text)
    exact = [one for one in found if one.name.casefold() == text.casefold()]
    if len(found) == 1 or len(exact) == 1:
        one = (exact or list(found))[0]
        return one.id, "", (one,)
    if not found:
        return None, f"nobody here is called “{text}”. Check the spelling.", ()
    return None, "several members are called that. Choose one.", found


def _list_members(ids: Sequence[int]) -> dict[int, Named]:
    """Those who are here, by id, under the name that others see."""
    if not ids:
        return {}
    rows = Member.objects.filter(pk__in=ids, deleted_at=None)
    return {member.pk: Named(member.pk, shown_name(member)) for member in rows}


def _list_own_files(form: Form, data: QueryDict, owner_id: int) -> set[int]:
    sent = [
        id
        for one in form.fields
        if one.kind in FILES
        for id in _numbers(data.getlist(f"{name_of(one.key)}-kept"))
    ]
    return {file.pk for file in list_files(ids=sent).values() if file.owner_id == owner_id} if sent else set()


def _ids(form: Form, answers: Mapping[str, Any], kinds: Sequence[FieldKind]) -> list[int]:
    found: list[int] = []
    for one in form.fields:
        if one.kind in kinds:
            value = answers.get(one.key)
            found += [id for id in (value if isinstance(value, list) else [value]) if isinstance(id, int)]
    return found


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isdecimal() and len(text) <= _DIGITS]


def _hints(one: Field) -> Iterable[str]:
    """What the form says of a field's limits."""
    least, most = one.least, one.most
    if one.kind in FILES:
        size = RULES[FileUse.ATTACHMENT].most // 2**20
        count = most or MAX_FILES
        yield f"{'One file' if count == 1 else f'Up to {count} files'} of {size} MB{' each' if count > 1 else ''}."
        if least and least > 1:
            yield f"At least {least}."
    elif one.kind in LONGEST and least and least > 1:
        yield f"At least {least:,} characters."
    elif one.kind == FieldKind.NUMBER:
        unit = f" {one.unit}" if one.unit else ""
        if least is not None and most is not None:
            yield f"From {least:,} to {most:,}{unit}."
        elif least is not None:
            yield f"At least {least:,}{unit}."
        elif most is not None:
            yield f"At most {most:,}{unit}."
    elif one.kind == FieldKind.CHOICE and one.many and most:
        yield f"Up to {most}."
    elif one.kind == FieldKind.LINK and one.hosts:
        yield f"A link to {' or '.join(one.hosts)}."
    elif one.kind == FieldKind.DATE and one.when:
        yield "Today or a day before." if one.when == "past" else "Today or a day to come."
    elif one.kind == FieldKind.MEMBER and one.others:
        yield "Somebody else than you."
