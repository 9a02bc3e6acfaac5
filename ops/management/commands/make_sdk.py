"""`manage.py make_sdk FOLDER`: a Python package for the REST API, generated from the OpenAPI document.

It is made, not kept: the document is the source, and tests/ops/test_sdk.py makes one and talks to the API with it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

import orjson
from django.core.management.base import BaseCommand, CommandError

from frontend_api.v1.schema import get_document

NAME: Final = "engagehub_client"
# Run in an environment of its own: what it needs does not go together with what we need.
GENERATOR: Final = "openapi-python-client==0.29.1"


class Command(BaseCommand):
    help = "Writes a typed Python client of the REST API into a new folder. Needs uv and the package index."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Where the project goes; must not exist yet.")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if folder.exists():
            raise CommandError(f"{folder} exists already. Name a folder that does not, or remove it first.")
        with tempfile.TemporaryDirectory() as place:
            document, settings = Path(place) / "openapi.json", Path(place) / "settings.yaml"
            document.write_bytes(orjson.dumps(get_document()))
            settings.write_text(
                f"project_name_override: engagehub-client\npackage_name_override: {NAME}\n"
                "literal_enums: true\npost_hooks: []\n"
            )
            command = [
                sys.executable, "-m", "uv", "tool", "run", "--from", GENERATOR, "openapi-python-client", "generate", "--path", str(document),
                "--config", str(settings), "--output-path", str(folder), "--meta", "setup", "--fail-on-warning",
            ]  # fmt: skip
            made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise CommandError(
                f"The client could not be generated:\n{(made.stdout + made.stderr).strip()}\n"
                "It needs uv (requirements-dev.txt) and the Python package index."
            )
        self.stdout.write(f"The client is in {folder}. Install it: python -m pip install {folder}")
