"""Codes of a reward: brought by a list, counted as they come in, never answered."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rewards.codes import begin_code_import
from engagement.rewards.errors import CatalogueRunNotFoundError
from engagement.rewards.exchange import get_run
from engagement.rewards.models import CatalogueRun
from saas.core.ids import new_ulid

from .frame import IDEMPOTENCY, ApiView, once
from .operations import operation
from .serializing import Input, Output

TAG = "Rewards"


class CodesInput(Input):
    codes = serializers.ListField(
        child=serializers.CharField(max_length=400),
        min_length=1,
        max_length=20_000,
        help_text="Each 3 to 200 characters.",
    )


class ProblemLine(Output):
    line = serializers.IntegerField(help_text="Which of the codes, from 1.")
    text = serializers.CharField()


class CodesAnswer(Output):
    """Codes that come in."""

    id = serializers.IntegerField(source="pk")
    state = serializers.ChoiceField(choices=CatalogueRun.State.values)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    added = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="Were there already, or twice in the list.")
    wrong = serializers.IntegerField()
    problems = ProblemLine(many=True, help_text="The first 200.")


_CODES = {
    "id": 3,
    "state": "finished",
    "total": 3,
    "done": 3,
    "added": 2,
    "repeated": 1,
    "wrong": 0,
    "problems": [{"line": 3, "text": "…1111 is in the pool already."}],
}


class RewardCodes(ApiView):
    @operation(
        "add_reward_codes",
        summary="Bring codes",
        description="Into the pool of a reward of the kind “code”. A job works the list off; read how far it is at the address in Location. "
        "Codes are kept sealed and never answered.",
        tag=TAG,
        body=CodesInput,
        answer=CodesAnswer,
        status=202,
        errors=(404,),
        writes=True,
        body_example={"codes": ["SUMMER-7F3K", "SUMMER-9Q2M"]},
        example=_CODES | {"state": "running", "done": 0, "added": 0, "repeated": 0, "problems": []},
    )
    def post(self, request: Request, reward_id: int) -> Response:
        codes = self.read_body()["codes"]
        sent = request.headers.get(IDEMPOTENCY)
        key = f"rest:{self.caller.label}:{sent}"[:120] if sent else f"rest:{new_ulid()}"

        def work() -> Response:
            data = "code\n" + "\n".join(" ".join(code.split()) for code in codes)
            run = begin_code_import(
                reward_id=reward_id, name="API", data=data.encode(), actor=self.actor, key=key
            )
            return Response(
                CodesAnswer(run).data, status=202, headers={"Location": f"{request.path}/{run.pk}"}
            )

        return once(self, work)


class RewardCodesRun(ApiView):
    @operation(
        "get_reward_codes",
        summary="Read how far codes are",
        description="How many came in, and which were left out and why. Their last characters are told, never the code.",
        tag=TAG,
        answer=CodesAnswer,
        errors=(404,),
        example=_CODES,
    )
    def get(self, request: Request, reward_id: int, list_id: int) -> Response:
        run = get_run(run_id=list_id, kind=CatalogueRun.Kind.CODES)
        if run.reward_id != reward_id:
            raise CatalogueRunNotFoundError
        return Response(CodesAnswer(run).data)
