"""REST under /api/v1/ (frontend_api.v1): how its requests are read, its tokens signed, its OpenAPI document written."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["frontend_api.v1.authentication.CallerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],  # frontend_api.v1.frame asks frontend_api.v1.access
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["frontend_api.v1.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "frontend_api.v1.schema.Schema",
    "EXCEPTION_HANDLER": "frontend_api.v1.problems.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "FORMAT_SUFFIX_KWARG": None,
    "COMPACT_JSON": True,
}


def sign_tokens(secret_key: str) -> dict[str, Any]:
    """simplejwt's settings. Tokens have a key of their own, so that no other signed text is ever taken for one."""
    return {
        "SIGNING_KEY": hashlib.sha256(b"engagehub:tokens:" + secret_key.encode()).hexdigest(),
        "ALGORITHM": "HS256",
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
        "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
        "UPDATE_LAST_LOGIN": False,
    }


def describe_api(base_domain: str) -> dict[str, Any]:
    """drf-spectacular's settings."""
    return {
        "TITLE": "EngageHub API",
        "VERSION": "1",
        "DESCRIPTION": "",  # frontend_api.v1.schema
        "SERVE_INCLUDE_SCHEMA": False,
        "SCHEMA_PATH_PREFIX": "/api/v1",
        "SERVERS": [
            {
                "url": "https://{community}." + base_domain,
                "description": "A community's own host",
                "variables": {"community": {"default": "acme"}},
            }
        ],
        "POSTPROCESSING_HOOKS": ["frontend_api.v1.schema.finish"],
        "COMPONENT_SPLIT_REQUEST": True,
        "SORT_OPERATIONS": False,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "DISABLE_ERRORS_AND_WARNINGS": False,
    }
