"""Pictures of rewards and sponsors, and the file that a download hands out: uploaded and taken away."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.files.models import FileUse
from engagement.files.selectors import file_address, get_file
from engagement.rewards.uploads import (
    clear_reward_file,
    clear_reward_picture,
    clear_sponsor_picture,
    set_reward_file,
    set_reward_picture,
    set_sponsor_picture,
)
from tenants.context import TenantContext

from .frame import once
from .multipart import UploadView
from .operations import operation
from .reward_shapes import TAG as REWARDS
from .rewards import etag_of
from .serializing import Output
from .sponsors import TAG as SPONSORS

_PICTURE: Final = (
    "In a part named `file`: PNG, JPEG, WebP or GIF, at most 8 MB. It is drawn anew, without what was hidden in it. The same one again "
    "changes nothing."
)
_ERRORS: Final = (400, 404, 409, 413, 415, 422)
_SENT: Final = {"file": "poster.png"}


class PictureAnswer(Output):
    picture = serializers.CharField(help_text="A path on this community's site, good for a day or two.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class FileAnswer(Output):
    """What the download hands out now."""

    file_id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")


_SHOWN: Final = {"picture": "/files/eyJzIjoi…/", "width": 1600, "height": 900}


class RewardPicture(UploadView):
    use = FileUse.PICTURE

    @operation(
        "upload_reward_picture",
        summary="Upload a reward's picture",
        description=_PICTURE,
        tag=REWARDS,
        answer=PictureAnswer,
        errors=_ERRORS,
        upload=_SENT,
        example=_SHOWN,
    )
    def put(self, request: Request, reward_id: int) -> Response:
        name, data = self.read_upload(request)

        def work() -> Response:
            reward = set_reward_picture(
                context=self.context, reward_id=reward_id, name=name, data=data, actor=self.actor
            )
            assert reward.picture_id is not None
            return Response(_shown(self.context, reward.picture_id), headers={"ETag": etag_of(reward)})

        return once(self, work)

    @operation(
        "remove_reward_picture",
        summary="Take a reward's picture away",
        description="Where there is none, nothing happens.",
        tag=REWARDS,
        answer=None,
        status=204,
        errors=(404, 409),
    )
    def delete(self, request: Request, reward_id: int) -> Response:
        clear_reward_picture(context=self.context, reward_id=reward_id, actor=self.actor)
        return Response(status=204)


class RewardFile(UploadView):
    use = FileUse.DOWNLOAD

    @operation(
        "upload_reward_file",
        summary="Upload the file of a download",
        description="In a part named `file`, at most 25 MB. What it is, its bytes say; a name that tells otherwise is refused. What was "
        "redeemed before keeps its file.",
        tag=REWARDS,
        answer=FileAnswer,
        errors=_ERRORS,
        upload={"file": "handbook.pdf"},
        example={"file_id": 31, "name": "handbook.pdf", "content_type": "application/pdf", "size": 48_120},
    )
    def put(self, request: Request, reward_id: int) -> Response:
        name, data = self.read_upload(request)

        def work() -> Response:
            reward = set_reward_file(
                context=self.context, reward_id=reward_id, name=name, data=data, actor=self.actor
            )
            file = get_file(file_id=reward.settings["file_id"])
            return Response(FileAnswer(file).data, headers={"ETag": etag_of(reward)})

        return once(self, work)

    @operation(
        "remove_reward_file",
        summary="Take the file of a download away",
        description="Refused while the reward is on offer. Where there is none, nothing happens.",
        tag=REWARDS,
        answer=None,
        status=204,
        errors=(404, 409, 422),
    )
    def delete(self, request: Request, reward_id: int) -> Response:
        clear_reward_file(context=self.context, reward_id=reward_id, actor=self.actor)
        return Response(status=204)


class SponsorPicture(UploadView):
    use = FileUse.PICTURE

    @operation(
        "upload_sponsor_picture",
        summary="Upload a sponsor's picture",
        description=_PICTURE,
        tag=SPONSORS,
        answer=PictureAnswer,
        errors=_ERRORS,
        upload=_SENT,
        example=_SHOWN,
    )
    def put(self, request: Request, sponsor_id: int) -> Response:
        name, data = self.read_upload(request)

        def work() -> Response:
            sponsor = set_sponsor_picture(
                context=self.context, sponsor_id=sponsor_id, name=name, data=data, actor=self.actor
            )
            assert sponsor.picture_id is not None
            return Response(_shown(self.context, sponsor.picture_id))

        return once(self, work)

    @operation(
        "remove_sponsor_picture",
        summary="Take a sponsor's picture away",
        description="Where there is none, nothing happens.",
        tag=SPONSORS,
        answer=None,
        status=204,
        errors=(404, 409),
    )
    def delete(self, request: Request, sponsor_id: int) -> Response:
        clear_sponsor_picture(context=self.context, sponsor_id=sponsor_id, actor=self.actor)
        return Response(status=204)


def _shown(context: TenantContext, file_id: int) -> dict[str, Any]:
    file = get_file(file_id=file_id)
    facts = {"picture": file_address(context, file), "width": file.width, "height": file.height}
    return dict(PictureAnswer(facts).data)
