"""The sockets' addresses. Which are open to whom stands in frontend_api/access.py."""

from django.urls import path, re_path

from frontend_api.live.consumers import BoardConsumer, HomeConsumer, NowhereConsumer

urlpatterns = [
    path("live/board/", BoardConsumer.as_asgi(), name="live-board"),
    path("live/home/", HomeConsumer.as_asgi(), name="live-home"),
    re_path(r"", NowhereConsumer.as_asgi(), name="live-nowhere"),
]
