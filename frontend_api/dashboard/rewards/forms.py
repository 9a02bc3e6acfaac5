"""The form of a reward: what every reward has, and what its kind needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from engagement.credits.models import CreditType
from engagement.files.models import FileUse, StoredFile
from engagement.files.selectors import list_files
from engagement.files.services import store_file
from engagement.members.models import MemberType
from engagement.rewards.facts import MAX_CATEGORY, MAX_DESCRIPTION, MAX_NAME, MOST
from engagement.rewards.kinds import Kind, Setting, Shape, get_kind, settings_of
from engagement.rewards.models import Approval, LimitPeriod, Reward, Sponsor
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.dashboard.parts.moments import LocalMomentField
from frontend_api.dashboard.pickers import PickerField, role_choices
from integrations.discord.directory import Directory
from saas.core.errors import EngageHubError

_PLAIN: Final = (
    "name",
    "description",
    "category",
    "price",
    "stock",
    "low_stock",
    "limit_count",
    "limit_period",
)
_MORE: Final = ("starts_at", "ends_at", "is_drop", "approval", "approval_above")
_PICTURES: Final = "image/png,image/jpeg,image/webp,image/gif"


def _number(label: str, *, least: int = 1, required: bool = False, help: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=required,
        min_value=least,
        max_value=MOST,
        help_text=help,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": None, "max": None}),
        error_messages={
            "invalid": f"Write a whole number from {least:,} to {MOST:,}.",
            "min_value": f"Write a whole number from {least:,} to {MOST:,}.",
            "max_value": f"Write a whole number from {least:,} to {MOST:,}.",
            "required": "Write how many.",
        },
    )


class RewardForm(DeskForm):
    name = forms.CharField(
        label="Name",
        max_length=MAX_NAME,
        error_messages={"required": "Give it a name, as members will read it."},
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What the member gets, in plain words. Line breaks stay.",
    )
    price = _number("Price", required=True)
    category = forms.CharField(
        label="Category",
        required=False,
        max_length=MAX_CATEGORY,
        help_text="One word for similar rewards, such as Merch. Members filter by it.",
        widget=forms.TextInput(attrs={"list": "categories", "autocomplete": "off"}),
    )
    picture = forms.FileField(
        label="Picture",
        required=False,
        help_text="PNG, JPEG, WebP or GIF, up to 8 MB. It is drawn anew, so that nothing but the picture stays.",
        widget=forms.FileInput(attrs={"accept": _PICTURES}),
    )
    picture_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    no_picture = forms.BooleanField(label="Take the picture away", required=False)
    sponsor = forms.ChoiceField(
        label="Sponsor", required=False, help_text="Named on the reward while it pays."
    )
    stock = _number("Stock", least=0, help="How many there are. Empty: no end.")
    low_stock = _number("Tell the team below", least=0, help="When so few are left. Empty: never.")
    limit_count = _number("For each member", help="How many one member may have. Empty: no limit.")
    limit_period = forms.ChoiceField(label="Counted", choices=LimitPeriod.choices, required=False)
    level = _number("From level", help="Empty: from any level.")
    days = _number("Days in the community", help="Empty: from the first day.")
    roles = PickerField(label="With one of these Discord roles", summary="with or without roles")
    types = PickerField(label="Of one of these member types", summary="of any type")
    figures = forms.CharField(
        label="Figures of your own",
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "badges: 3"}),
        help_text="One a line: the figure's name, a colon, and the least that is asked for.",
    )
    starts_at = LocalMomentField(label="On offer from", help_text="Empty: at once.")
    ends_at = LocalMomentField(label="Until", help_text="Empty: until you pause it.")
    is_drop = forms.BooleanField(
        label="A drop: members queue for it",
        required=False,
        help_text="Who queues before it begins has the same chance, however fast they are.",
    )
    approval = forms.ChoiceField(
        label="Approval", choices=Approval.choices, widget=forms.RadioSelect, initial=Approval.AUTOMATIC
    )
    approval_above = _number("Above a price of", help="Dearer redemptions wait for the team.")

    def __init__(
        self,
        *args: Any,
        kind: Kind,
        directory: Directory,
        timezone: str,
        opens_drops: bool,
        names_sponsors: bool,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        self.settings_names = [f"settings_{one.name}" for one in kind.settings]
        for one in kind.settings:
            self.fields[f"settings_{one.name}"] = _field_of(
                one, directory, self._value(f"settings_{one.name}")
            )
            if one.shape == Shape.FILE:
                self.fields[f"settings_{one.name}_id"] = forms.IntegerField(
                    required=False,
                    widget=forms.HiddenInput,
                    initial=self.initial.get(f"settings_{one.name}_id"),
                )
        for field in self.fields.values():
            if isinstance(field, LocalMomentField):
                field.zone = timezone
        self._fill("sponsor", [("", "No sponsor"), *_sponsors(self.initial.get("sponsor"))])
        self._fill("roles", role_choices(directory, self["roles"].value() or ()))
        self._fill("types", [(str(one.pk), one.name) for one in MemberType.objects.order_by("name")])
        self.fields["starts_at"].help_text = f"Empty: at once. On the community’s clock: {timezone}."
        if not opens_drops and not self.initial.get("is_drop"):
            del self.fields["is_drop"]
        if not names_sponsors and not self.initial.get("sponsor"):
            del self.fields["sponsor"]

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.settings_names]

    def facts(self) -> dict[str, Any]:
        """What the valid form says of the reward, for the services. Raises InvalidFileError, FileTooLargeError for an upload."""
        data = self.cleaned_data
        facts: dict[str, Any] = {name: data[name] for name in (*_PLAIN, *_MORE) if name in data}
        facts["limit_period"] = data["limit_period"] or LimitPeriod.EVER.value
        if "sponsor" in data:
            facts["sponsor_id"] = int(data["sponsor"]) if data["sponsor"] else None
        facts["picture_id"] = self._upload("picture", "picture_id", FileUse.PICTURE)
        if data["no_picture"] and "picture" not in self.files:
            facts["picture_id"] = None
        facts["eligibility"] = {
            "level": data["level"],
            "days": data["days"],
            "roles": data["roles"],
            "types": data["types"],
            "figures": _read_figures(data["figures"]),
        }
        facts["settings"] = self._settings()
        return facts

    def add_problem(self, error: EngageHubError) -> None:
        """A service names parts by dots, a form's fields have none."""
        named = getattr(error, "field", "")
        name = _ELSEWHERE.get(named, named.removeprefix("eligibility.").replace(".", "_"))
        self.add_error(name if name in self.fields else None, error.message)

    def _settings(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for one in self.kind.settings:
            name = f"settings_{one.name}"
            if one.shape == Shape.FILE:
                given[one.name] = self._upload(name, f"{name}_id", FileUse.DOWNLOAD)
            else:
                given[one.name] = self.cleaned_data[name]
        return given

    def _upload(self, name: str, id_name: str, use: FileUse) -> int | None:
        """The file that came with the form, kept; else the one that the form has held. What it became stands in the form, so that it
        is not lost when something else is wrong."""
        sent = self.files.get(name)
        if sent is None:
            held = self.cleaned_data[id_name]
            return int(held) if held else None
        try:
            file = store_file(use=use, name=sent.name or "", data=sent.read())
        except EngageHubError as error:
            self.add_error(name, error.message)
            raise
        sent_again = cast(QueryDict, self.data).copy()
        sent_again[id_name] = str(file.pk)
        self.data = sent_again
        return file.pk

    def stored(self, name: str) -> StoredFile | None:
        """The file that the form holds under `picture_id` or a setting, to be shown."""
        value = self[name].value()
        return list_files(ids=[int(value)]).get(int(value)) if str(value or "").isdecimal() else None

    def _value(self, name: str) -> Any:
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def _fill(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def initial_of(reward: Reward) -> dict[str, Any]:
    """What the form of a reward begins with."""
    begun: dict[str, Any] = {name: getattr(reward, name) for name in (*_PLAIN, *_MORE)}
    begun |= {"picture_id": reward.picture_id, "sponsor": str(reward.sponsor_id or "")}
    asks = reward.eligibility
    begun |= {name: asks.get(name) for name in ("level", "days")}
    begun |= {name: [str(one) for one in asks.get(name, ())] for name in ("roles", "types")}
    begun["figures"] = "\n".join(f"{one['name']}: {one['least']}" for one in asks.get("figures", ()))
    return begun | settings_initial(reward.kind, reward.settings)


def settings_initial(kind: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The kind's part of it."""
    values = settings_of(kind, stored)
    begun: dict[str, Any] = {}
    for one in get_kind(kind).settings:
        value = values[one.name]
        if one.shape == Shape.FILE:
            begun[f"settings_{one.name}_id"] = value
        elif one.shape == Shape.LINES:
            begun[f"settings_{one.name}"] = "\n".join(value)
        elif one.shape == Shape.MOMENT and value:
            begun[f"settings_{one.name}"] = datetime.fromisoformat(value)
        else:
            begun[f"settings_{one.name}"] = value
    return begun


_ELSEWHERE: Final = {"picture_id": "picture", "sponsor_id": "sponsor", "eligibility": "level"}


def _sponsors(chosen: Any) -> list[tuple[str, str]]:
    rows = Sponsor.objects.order_by("name").values_list("pk", "name", "archived_at")
    return [
        (str(pk), name if gone is None else f"{name} (archived)")
        for pk, name, gone in rows
        if gone is None or str(pk) == str(chosen)
    ]


def _read_figures(text: str) -> list[dict[str, Any]]:
    figures = []
    for line in text.splitlines():
        if line.strip():
            name, _, least = line.rpartition(":")
            figures.append({"name": name.strip() or line.strip(), "least": least.strip() if name else "?"})
    return figures


def _field_of(one: Setting, directory: Directory, chosen: Any) -> forms.Field:
    common: dict[str, Any] = {"label": one.label, "required": False, "help_text": one.help}
    if one.shape == Shape.TEXT:
        return forms.CharField(max_length=one.most, widget=forms.Textarea(attrs={"rows": 3}), **common)
    if one.shape == Shape.LINES:
        return forms.CharField(max_length=4_000, widget=forms.Textarea(attrs={"rows": 3}), **common)
    if one.shape == Shape.CHOICE:
        return forms.ChoiceField(choices=one.choices, widget=forms.RadioSelect, **common | {"required": True})
    if one.shape == Shape.NUMBER:
        field = _number(one.label, least=one.least, help=one.help)
        field.max_value = None
        return field
    if one.shape == Shape.MOMENT:
        return LocalMomentField(label=one.label, help_text=one.help)
    if one.shape == Shape.FILE:
        return forms.FileField(widget=forms.FileInput, **common)
    if one.shape == Shape.ROLE:
        return _RoleField(directory, str(chosen or ""), **common)
    if one.shape == Shape.CREDITS:
        rows = CreditType.objects.filter(archived_at=None).order_by("name").values_list("pk", "name", "unit")
        named = [(str(pk), f"{name} ({unit})") for pk, name, unit in rows]
        return forms.ChoiceField(choices=[("", "Choose the credits"), *named], **common)
    return forms.CharField(max_length=max(one.most, 1) if one.most < MOST else 500, **common)


class _RoleField(forms.ChoiceField):
    """A role of the linked server. Any id may be sent: Discord may be away, or faster than our picture of it."""

    def __init__(self, directory: Directory, chosen: str, **options: Any) -> None:
        free = [(line.id, f"@{line.name}") for line in directory.roles if not line.problem]
        stuck = [(line.id, f"@{line.name} – {line.problem}") for line in directory.roles if line.problem]
        known = {key for key, _name in (*free, *stuck)}
        gone = [(chosen, f"{chosen} (not seen in Discord)")] if chosen and chosen not in known else []
        super().__init__(choices=[("", "Choose a role"), *free, *stuck, *gone], **options)

    def valid_value(self, value: object) -> bool:
        return isinstance(value, str) and value.isdecimal() and len(value) <= 20
