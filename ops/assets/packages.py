"""The pinned npm packages and what is taken out of each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Package:
    """One npm package. `files` maps a path in its tarball to a path under the vendor folder."""

    name: str
    version: str
    licence: str
    holder: str
    homepage: str
    folder: str
    files: dict[str, str] = field(default_factory=dict)


TABLER = Package(
    name="@tabler/core",
    version="1.6.1",
    licence="MIT",
    holder="Copyright 2018-2026 The Tabler Authors",
    homepage="https://tabler.io",
    folder="tabler",
    files={"dist/css/tabler.min.css": "tabler/tabler.min.css"},
)
ICONS = Package(
    name="@tabler/icons-sprite",
    version="3.48.0",
    licence="MIT",
    holder="Copyright (c) 2020-2026 Paweł Kuna",
    homepage="https://tabler.io/icons",
    folder="icons",
    files={"LICENSE": "icons/LICENSE"},
)
INTER = Package(
    name="@fontsource-variable/inter",
    version="5.3.0",
    licence="OFL-1.1",
    holder="Copyright 2016 The Inter Project Authors",
    homepage="https://rsms.me/inter/",
    folder="inter",
    files={
        "files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
        "LICENSE": "inter/LICENSE",
    },
)
PACKAGES = (TABLER, ICONS, INTER)

# The sprite holds these and no others; a template that names another one fails its test.
OUTLINE_ICONS = (
    "alert-triangle",
    "arrow-left",
    "bolt",
    "calendar",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "device-desktop",
    "ear-off",
    "eye-off",
    "flask",
    "history",
    "home",
    "hourglass",
    "info-circle",
    "login",
    "logout",
    "message",
    "microphone",
    "mood-smile",
    "moon",
    "plug-connected-x",
    "search",
    "sparkles",
    "sun",
    "target-arrow",
    "trophy",
    "user",
    "user-plus",
)
FILLED_ICONS = ("star",)
