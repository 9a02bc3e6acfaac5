"""The codes of a reward: how many there are, bringing more with the count as it goes, withdrawing some."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from engagement.rewards.codes import MOST_CODES, begin_code_import, count_codes, withdraw_codes
from engagement.rewards.errors import CatalogueRunNotFoundError
from engagement.rewards.exchange import get_run
from engagement.rewards.kinds import is_pool
from engagement.rewards.models import CatalogueRun
from engagement.rewards.selectors import get_reward
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.figures import write_unit
from saas.core.errors import ConflictError, InvalidInputError
from saas.core.ids import new_ulid


class CodesForm(DeskForm):
    codes = forms.CharField(
        label="Codes",
        required=False,
        max_length=400_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One a line.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text=f"Text or CSV with a column “code”, up to {MOST_CODES:,} codes.",
        widget=forms.FileInput(attrs={"accept": ".txt,.csv,text/plain,text/csv"}),
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if not data.get("file") and not str(data.get("codes") or "").strip() and not self.errors:
            self.add_error("codes", "Write or paste codes, one a line, or choose a file.")
        return data


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def show_codes(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    reward = get_reward(reward_id=reward_id)
    form = CodesForm(request.POST or None, request.FILES or None)
    token = request.POST.get("token", "")[:26] or new_ulid()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        name, data = (file.name, file.read()) if file else ("pasted", form.cleaned_data["codes"].encode())
        run = form.try_to(
            lambda: begin_code_import(
                reward_id=reward.pk, name=name, data=data, actor=desk.actor, key=f"codes:{reward.pk}:{token}"
            )
        )
        if run is not None:
            return go_to(request, reverse("dashboard-reward-codes-run", args=[reward.pk, run.pk]))
    facts = {
        "reward": reward,
        "form": form,
        "token": token,
        "counts": count_codes(reward_id=reward.pk),
        "is_pool": is_pool(reward.kind, reward.settings),
        "runs": CatalogueRun.objects.filter(reward=reward).order_by("-pk")[:10],
    }
    return render(
        request, "dashboard/rewards/codes.html", facts, status=422 if form.is_bound and form.errors else 200
    )


@require_http_methods(["GET", "HEAD"])
@dashboard_page("change_rewards")
def show_run(request: HttpRequest, desk: Desk, reward_id: int, list_id: int) -> HttpResponse:
    """How far a list is, and what became of it; for htmx, which polls meanwhile, the progress alone."""
    reward = get_reward(reward_id=reward_id)
    run = get_run(run_id=list_id, kind=CatalogueRun.Kind.CODES)
    if run.reward_id != reward.pk:
        raise CatalogueRunNotFoundError
    facts = {"reward": reward, "run": run, "percent": run.done * 100 // run.total if run.total else 0}
    if request.headers.get("HX-Target") == "progress":
        if run.state == CatalogueRun.State.RUNNING:
            return render(request, "dashboard/rewards/codes_progress.html", facts)
        done = HttpResponse()
        done["HX-Refresh"] = "true"
        return done
    return render(request, "dashboard/rewards/codes_run.html", facts)


@require_POST
@dashboard_page("change_rewards")
def withdraw(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    get_reward(reward_id=reward_id)
    back, given = reverse("dashboard-reward-codes", args=[reward_id]), request.POST.get("count", "").strip()
    try:
        count = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0
        gone = withdraw_codes(reward_id=reward_id, count=count, actor=desk.actor)
    except (InvalidInputError, ConflictError) as error:
        return go_to(request, back, error.message, kind="warn")
    return go_to(request, back, f"{write_unit(gone, 'codes')} withdrawn. Promised ones stay.")
