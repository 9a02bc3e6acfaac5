"""The product's own ASGI application with one address more: the floor of `stripe_inbox`, which inserts a row and nothing else."""

from __future__ import annotations

import json

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, path
from django.views.decorators.csrf import csrf_exempt

from saas.asgi import application as application

FLOOR_TABLE = "bench_stripe_event"


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """As little as can be done to keep the request: no signature, no check, no job."""
    text = request.body.decode()
    event = json.loads(text)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {FLOOR_TABLE} (stripe_id, type, object_id, customer_id, live, made_at, received_at, payload, state,"
            " tries, error) VALUES (%s, %s, %s, %s, false, now(), now(), %s, 'received', 0, '')",
            [event["id"], event["type"], event["data"]["object"]["id"], "cus_1", text],
        )
    return HttpResponse("ok")


get_resolver(settings.PUBLIC_SCHEMA_URLCONF).url_patterns.append(path("bench/insert/", insert))
