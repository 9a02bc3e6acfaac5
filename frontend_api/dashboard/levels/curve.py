"""The curve: chosen by shape, previewed on the members as they are, set after its consequences were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.levels.curves import LevelCurve, build_curve
from engagement.levels.errors import InvalidCurveError
from engagement.levels.selectors import get_curve_choice, list_level_names
from engagement.levels.shapes import SHAPES, curve_of, shape_of
from engagement.progression.jobs import defer_curve, is_curve_waiting
from engagement.progression.levelling import CurveComparison, CurveMovedError, change_curve, compare_curves
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to, tell
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit, write_whole

from .histogram import draw_bands

SHOWN: Final = (1, 2, 3, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200)
AT_ONCE: Final = 20_000  # members; more follow by a job
WORDS: Final = ("shape", "text", "gives", "totals")


@require_safe
@dashboard_page("view_rules")
def show_levels(request: HttpRequest, desk: Desk) -> HttpResponse:
    kind, parameters, version = get_curve_choice()
    curve = build_curve(kind, parameters, version=version)
    shape, _ = shape_of(kind, parameters)
    facts: dict[str, Any] = {
        "shape": SHAPES[shape],
        "steps": list_steps(curve),
        "highest": curve.max_level,
        "waiting": is_curve_waiting(tenant=desk.context.schema),
        "bands": draw_bands(compare_curves(kind=kind, parameters=parameters)),
    }
    if request.headers.get("HX-Target") == "curve-state":
        return render(request, "dashboard/levels/state.html", facts)
    return render(request, "dashboard/levels/levels.html", facts)


def list_steps(curve: LevelCurve) -> list[dict[str, Any]]:
    """Some levels with what they need in all and more than the one before, and each that has a name."""
    names = list_level_names()
    wanted = sorted({*SHOWN, *names, curve.max_level})
    return [
        {
            "level": level,
            "name": names.get(level, ""),
            "total": curve.floor_of(level),
            "step": curve.floor_of(level) - curve.floor_of(level - 1),
        }
        for level in wanted
        if 1 <= level <= curve.max_level
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_levels")
def choose_curve(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form; with `do=look` its preview; sent otherwise: the consequences, and after those were seen, the change."""
    kind, parameters, version = get_curve_choice()
    shape, values = shape_of(kind, parameters)
    facts = _form_facts(request, shape, values)
    if request.method != "POST":
        return render(request, "dashboard/levels/curve.html", facts)
    part = request.headers.get("HX-Target") == "trial"
    template = "dashboard/levels/preview.html" if part else "dashboard/levels/curve.html"
    try:
        wanted = _read_form(request)
        compared = compare_curves(kind=wanted.kind, parameters=wanted.parameters)
    except InvalidCurveError as error:
        facts |= {"error": error.message, "error_field": error.field}
        return render(request, template, facts, status=200 if part else 422)
    if request.POST.get("do") == "look":
        facts |= {"compared": compared, "bands": draw_bands(compared), "steps": list_steps(wanted.curve)}
        return render(request, template, facts)
    page = _consequences(request, desk, wanted, compared, version)
    if not is_confirmed(request, page) or request.POST.get("seen", "") != str(version):
        return show_confirm(request, page)
    return _change(request, desk, wanted, version, members=compared.members)


@dataclass(frozen=True, slots=True)
class _Wanted:
    kind: str
    parameters: dict[str, Any]

    @property
    def curve(self) -> LevelCurve:
        return build_curve(self.kind, self.parameters)


def _read_form(request: HttpRequest) -> _Wanted:
    """Raises InvalidCurveError."""
    given = {name: request.POST.get(name, "") for name in WORDS}
    given |= {
        field.name: request.POST.get(f"{given['shape']}-{field.name}", "")
        for field in _fields(given["shape"])
    }
    return _Wanted(*curve_of(given["shape"], given))


def _consequences(
    request: HttpRequest, desk: Desk, wanted: _Wanted, compared: CurveComparison, version: int
) -> Confirm:
    """What is to be seen before the curve changes."""
    return Confirm(
        title="Change the levels?",
        submit="Change the levels",
        back=reverse("dashboard-curve"),
        lead=f"Level 10 will need {_level_ten(wanted.curve, desk.context.points_name)}.",
        consequences=[
            Consequence(
                f"{write_unit(compared.rise, 'members')} to a higher level, without being congratulated.",
                "arrow-up",
            ),
            Consequence(f"{write_unit(compared.fall, 'members')} to a lower one.", "arrow-down"),
            Consequence("Level roles follow within minutes, where levels have any.", "shield"),
            Consequence(
                "Points stay as they are. You can set the former curve again at any time.", "arrow-back-up"
            ),
        ],
        hidden=[*_hidden(request), ("seen", str(version))],
        danger=False,
    )


def _change(request: HttpRequest, desk: Desk, wanted: _Wanted, version: int, *, members: int) -> HttpResponse:
    """At once, or by a job where there are many members."""
    back = reverse("dashboard-levels")
    if members > AT_ONCE:
        defer_curve(
            tenant=desk.context.schema,
            kind=wanted.kind,
            parameters=wanted.parameters,
            actor=desk.actor,
            expected_version=version,
        )
        return go_to(request, back, f"The levels of {write_whole(members)} members are being worked out.")
    try:
        change = change_curve(
            kind=wanted.kind, parameters=wanted.parameters, actor=desk.actor, expected_version=version
        )
    except CurveMovedError as error:
        tell(request, error.message, kind="warn")
        return go_to(request, reverse("dashboard-curve"))
    return go_to(
        request,
        back,
        f"The levels are changed. {write_unit(change.members_changed, 'members')} have another one.",
    )


def _fields(shape: str) -> Any:
    return SHAPES[shape].fields if shape in SHAPES else ()


def _form_facts(request: HttpRequest, shape: str, values: dict[str, str]) -> dict[str, Any]:
    """The shapes with what stands in their fields: what was sent, else what is chosen, else what they begin with."""
    sent = request.POST
    chosen = sent.get("shape", shape)

    def value_of(key: str, name: str, default: str) -> str:
        stands = values.get(name, default) if key == shape else default
        return sent.get(f"{key}-{name}", stands)[:60]

    return {
        "shapes": [
            {
                "shape": one,
                "chosen": one.key == chosen,
                "fields": [(field, value_of(one.key, field.name, field.default)) for field in one.fields],
            }
            for one in SHAPES.values()
        ],
        "text": sent.get("text", values.get("text", "5*L**2 + 50*L + 100"))[:400],
        "gives": sent.get("gives", values.get("gives", "next")),
        "totals": sent.get("totals", values.get("totals", "100\n255\n475\n770"))[:20_000],
    }


def _hidden(request: HttpRequest) -> list[tuple[str, str]]:
    """The choice, to go along with the confirmation."""
    names = {*WORDS, *(f"{key}-{field.name}" for key, shape in SHAPES.items() for field in shape.fields)}
    return [(name, str(value)[:20_000]) for name, value in request.POST.items() if name in names]


def _level_ten(curve: LevelCurve, unit: str) -> str:
    return (
        write_unit(curve.floor_of(10), unit)
        if curve.max_level >= 10
        else f"nothing: there are {curve.max_level} levels"
    )
