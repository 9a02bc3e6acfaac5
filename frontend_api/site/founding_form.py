"""The form of a new community."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django import forms

from engagement.kinds.packs import list_packs
from saas.core.errors import EngageHubError

WEEKDAYS: Final = ((0, "Monday"), (5, "Saturday"), (6, "Sunday"))
# The bot and the pages speak English so far; a community's own language is used as soon as they speak it.
LANGUAGES: Final = (
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("pt", "Português"),
)


@dataclass(frozen=True, slots=True)
class KindCard:
    key: str
    name: str
    text: str
    chosen: bool


def describe_kinds(chosen: str) -> list[KindCard]:
    """The kinds as cards, one of them chosen."""
    return [KindCard(pack.kind, pack.name, pack.fits, pack.kind == chosen) for pack in list_packs()]


@cache
def list_zones() -> tuple[str, ...]:
    """Time zones by the names that people know: a continent or an ocean, and a city."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    found = (name for name in zoneinfo.available_timezones() if name.split("/")[0] in areas and "/" in name)
    return ("UTC", *sorted(found))


class NewCommunityForm(forms.Form):
    """Shapes only; what the values may be is decided by tenants.provisioning.TenantFacts."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput())
    name = forms.CharField(
        max_length=2_000,
        strip=False,
        error_messages={"required": "Give your community a name."},
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True, "maxlength": "100"}),
    )
    kind = forms.CharField(max_length=16)
    slug = forms.CharField(max_length=200, error_messages={"required": "Choose an address."})
    timezone = forms.CharField(
        max_length=64,
        error_messages={"required": "Choose the time zone in which your community's day begins."},
    )
    first_weekday = forms.TypedChoiceField(
        choices=WEEKDAYS, coerce=int, initial=0, label="First day of the week"
    )
    locale = forms.ChoiceField(choices=LANGUAGES, initial="en", label="Language")
    points_name = forms.CharField(
        max_length=600,
        initial="points",
        strip=False,
        label="What you call points",
        error_messages={"required": "Name the points, such as points, stars or karma."},
        widget=forms.TextInput(attrs={"maxlength": "30", "autocomplete": "off"}),
    )

    @property
    def facts(self) -> dict[str, Any]:
        """The community's facts as found_community takes them."""
        facts = {name: value for name, value in self.cleaned_data.items() if name != "key"}
        return {**facts, "slug": facts["slug"].strip().lower()}

    def take(self, error: EngageHubError, *kinds: type[EngageHubError]) -> None:
        """Show an error beside the field it is about, or at the top. Errors of other kinds are raised again."""
        field = getattr(error, "field", "") or ("slug" if error.code == "slug_taken" else "")
        if not isinstance(error, kinds):
            field = ""
        self.add_error(field if field in self.fields else None, error.message)

    @property
    def zones(self) -> tuple[str, ...]:
        return list_zones()
