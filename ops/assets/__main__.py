"""`python -m ops.assets`: fetch every vendored asset again at its pinned version and write VENDOR.md.

Needs npm (in the development requirements, or the system's). Idempotent: the same versions give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .packages import FILLED_ICONS, ICONS, OUTLINE_ICONS, PACKAGES, Package

VENDOR = Path(__file__).resolve().parent.parent.parent / "frontend_api" / "static" / "vendor"
MIT = """MIT License

{holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
HEAD = """# Assets that others wrote

Made by `python -m ops.assets`; nothing here is edited by hand. Served from our own host, none from a CDN. htmx 2 comes
with the Python package django-htmx and is served from there. The style sheets lose their source-map comment, which
would name a file that is not here; the icon sprite is reduced to the icons named in `ops/assets/packages.py`.

| package | version | licence | holder |
|---|---|---|---|
"""


def fetch_package(package: Package, folder: Path) -> dict[str, bytes]:
    """The package's tarball, unpacked: path without the leading `package/` → bytes."""
    spec = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", "--silent", spec], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"npm could not fetch {spec}: {done.stderr.strip()}. Check the network and try again.")
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as tar:
        found = {}
        for entry in tar.getmembers():
            stream = tar.extractfile(entry) if entry.isfile() else None
            if stream is not None:
                found[entry.name.split("/", 1)[1]] = stream.read()
    return found


def reduce_sprite(files: dict[str, bytes]) -> bytes:
    """One SVG with only the icons that the pages use, their ids without the set's prefix."""
    symbols = []
    for source, prefix, names in (
        ("dist/tabler-sprite.svg", "tabler-", OUTLINE_ICONS),
        ("dist/tabler-sprite-filled.svg", "tabler-filled-", FILLED_ICONS),
    ):
        sprite = files[source].decode()
        for name in names:
            found = re.search(rf'<symbol id="{prefix}{name}".*?</symbol>', sprite, re.S)
            if found is None:
                sys.exit(f"The icon {name!r} is not in {source}. Correct its name in ops/assets/packages.py.")
            shown = name if prefix == "tabler-" else f"{name}-filled"
            symbols.append(found.group(0).replace(f'id="{prefix}{name}"', f'id="{shown}"', 1))
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'.encode()


def write_package(package: Package, folder: Path) -> list[Path]:
    """Write what is taken out of one package; the paths written."""
    files = fetch_package(package, folder)
    wanted = {target: files[source] for source, target in package.files.items()}
    if package is ICONS:
        wanted["icons/sprite.svg"] = reduce_sprite(files)
    licence = f"{package.folder}/LICENSE"
    wanted.setdefault(licence, MIT.format(holder=package.holder).encode())
    written = []
    for target, data in wanted.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in {".css", ".js"}:
            data = re.sub(rb"\n?(/\*|//)# sourceMappingURL=[^\n*]*(\*/)?\s*$", b"\n", data)
        path.write_bytes(data)
        written.append(path)
    return written


def main() -> None:
    written = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            written += write_package(package, Path(folder))
    text = HEAD
    for package in PACKAGES:
        text += f"| [{package.name}]({package.homepage}) | {package.version} | {package.licence} | {package.holder} |\n"
    text += "\n| file | bytes | sha256 |\n|---|---|---|\n"
    for path in sorted(written):
        data = path.read_bytes()
        text += f"| {path.relative_to(VENDOR)} | {len(data)} | `{hashlib.sha256(data).hexdigest()}` |\n"
    (VENDOR / "VENDOR.md").write_text(text)
    print(f"Wrote {len(written)} files and VENDOR.md under {VENDOR}.")


if __name__ == "__main__":
    main()
