"""Date and time on the community's clock, as a field of a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms

from engagement.boosts.windows import resolve

_MINUTE: Final = "%Y-%m-%dT%H:%M"


class LocalMomentField(forms.DateTimeField):
    """What was read off the community's clock, as a moment. A reading that the clock skips is taken too, as the moment right after.

    Give it its `zone` in the form's __init__; initial values may be moments.
    """

    zone = "UTC"

    def __init__(self, *, label: str, help_text: str = "", required: bool = False) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=required,
            input_formats=[_MINUTE, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE),
            error_messages={"invalid": "This is no date and time. Write it as 2026-12-24 18:00."},
        )

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        reading: Any = forms.fields.BaseTemporalField.to_python(self, value)
        return resolve(reading.replace(tzinfo=None), ZoneInfo(self.zone))

    def prepare_value(self, value: Any) -> Any:
        return (
            value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
            if isinstance(value, datetime) and value.tzinfo
            else value
        )
