"""Every vendored file is listed with its digest and licence, and nothing comes from another host."""

from __future__ import annotations

import hashlib
import re

from ops.assets.__main__ import VENDOR
from ops.assets.packages import FILLED_ICONS, OUTLINE_ICONS, PACKAGES


def test_each_vendored_file_has_the_digest_that_is_written_down() -> None:
    listed = dict(
        re.findall(r"^\| (\S+) \| \d+ \| `([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.M)
    )
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "VENDOR.md"
    }
    assert there == listed


def test_each_package_has_its_licence_beside_it() -> None:
    for package in PACKAGES:
        assert (VENDOR / package.folder / "LICENSE").stat().st_size > 500, package.name


def test_the_sprite_holds_exactly_the_icons_that_are_named() -> None:
    sprite = (VENDOR / "icons" / "sprite.svg").read_text()
    held = re.findall(r'<symbol id="([^"]+)"', sprite)
    assert sorted(held) == sorted([*OUTLINE_ICONS, *(f"{name}-filled" for name in FILLED_ICONS)])


def test_every_icon_that_a_page_names_is_held_and_every_one_held_is_named() -> None:
    pages = VENDOR.parent.parent
    text = "".join(
        path.read_text()
        for path in pages.rglob("*")
        if path.suffix in {".html", ".py"} and VENDOR not in path.parents
    )
    named = set(re.findall(r'\{% icon "([a-z-]+)"|icon_name="([a-z-]+)"', text))
    in_templates = {one or other for one, other in named}
    held = {*OUTLINE_ICONS, *(f"{name}-filled" for name in FILLED_ICONS)}
    assert in_templates <= held
    assert {name for name in held if f'"{name}"' not in text} == set()
