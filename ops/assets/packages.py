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
    "archive",
    "arrow-back-up",
    "arrow-down",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "ban",
    "bell",
    "bolt",
    "bookmark",
    "building-community",
    "calendar",
    "chart-bar",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "circle-x",
    "clock",
    "coins",
    "columns",
    "copy",
    "device-desktop",
    "dots",
    "download",
    "ear-off",
    "external-link",
    "eye",
    "eye-off",
    "file-import",
    "filter",
    "flask",
    "gift",
    "git-merge",
    "history",
    "home",
    "hourglass",
    "id",
    "info-circle",
    "key",
    "link",
    "list-details",
    "lock",
    "login",
    "logout",
    "mail",
    "message",
    "microphone",
    "mood-smile",
    "moon",
    "pencil",
    "player-play",
    "plug",
    "plug-connected-x",
    "plus",
    "refresh",
    "robot",
    "search",
    "selector",
    "settings",
    "shield",
    "shield-lock",
    "sparkles",
    "stairs-up",
    "sun",
    "switch-horizontal",
    "tag",
    "target-arrow",
    "ticket",
    "trash",
    "trophy",
    "upload",
    "user",
    "user-minus",
    "user-plus",
    "users",
    "users-group",
    "x",
)
FILLED_ICONS = ("star",)
