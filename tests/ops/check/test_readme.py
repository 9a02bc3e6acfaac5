"""Every command that the README gives exists, and every file that it links to."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands

from ops.devstack.places import PROJECT

README = (PROJECT / "README.md").read_text()
BLOCKS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
INLINE = re.findall(r"`((?:make|python manage\.py|manage\.py) [^`]+)`", README)
LINKS = re.findall(r"\]\(([^)#]+)\)", README)


def known(command: str) -> bool:
    words = shlex.split(command.removeprefix("python "))
    if words[0] == "make":
        return f"\n{words[1]}:" in (PROJECT / "Makefile").read_text()
    if words[0] == "manage.py":
        return words[1] in get_commands()
    return words[0] in {"git"}


@pytest.mark.parametrize("line", [*BLOCKS, *INLINE])
def test_every_command_of_the_readme_exists(line: str) -> None:
    assert known(line), f"README names {line!r}, which does not exist."


@pytest.mark.parametrize("link", LINKS)
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (PROJECT / Path(link)).exists(), f"README links to {link}, which is not there."
