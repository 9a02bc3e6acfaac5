"""The ASGI application that uvicorn serves: pages over HTTP, live parts over WebSockets."""

from __future__ import annotations

import gc
import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.dev")
_pages = get_asgi_application()  # sets Django up; what imports models comes after it

from frontend_api.bodies import BodyLimit  # noqa: E402
from frontend_api.live.urls import urlpatterns  # noqa: E402
from frontend_api.site.stripe_door import StripeDoor  # noqa: E402

application = ProtocolTypeRouter({"http": StripeDoor(BodyLimit(_pages)), "websocket": URLRouter(urlpatterns)})

# A full round of the cycle collector through all that start-up made would hold up every request under way for a quarter of a
# second; none of it is ever freed.
gc.collect()
gc.freeze()
