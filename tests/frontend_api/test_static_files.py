"""Production's static files: every reference resolves, names carry a digest, copies are compressed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

PRODUCTION = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


@pytest.mark.slow
def test_all_static_files_can_be_collected_and_name_only_each_other(tmp_path: Path, settings: Any) -> None:
    settings.STORAGES = PRODUCTION
    settings.STATIC_ROOT = str(tmp_path)
    call_command("collectstatic", interactive=False, verbosity=0)
    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    css = (tmp_path / names["engagehub/tokens.css"]).read_text()
    font = Path(names["vendor/inter/inter-latin-wght-normal.woff2"]).name
    assert font in css, "the style sheet names the font under its own digest"
    assert (tmp_path / (names["vendor/tabler/tabler.min.css"] + ".gz")).stat().st_size < 100_000
    assert staticfiles_storage.url("vendor/icons/sprite.svg").endswith(
        Path(names["vendor/icons/sprite.svg"]).name
    )
