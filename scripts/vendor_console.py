"""Take the console's browser files from their npm packages, rebrand them, and write the manifest.

    python scripts/vendor_console.py

Needs `npm`, for `npm pack` alone; nothing is built. Run it after a change of a version below, look
at the difference, and run the console's tests. The files stand in the repository and in the wheel.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent.parent / "agency_client" / "console" / "static" / "vendor"
FONTS: Final = '"Noto Sans","Segoe UI","DejaVu Sans",system-ui,arial,sans-serif'
"""Fonts that have the Kazakh letters; none is shipped, and GDS Transport may not be used."""

_FACE: Final = re.compile(r"(/\*![^*]*Margaret Calvert[^*]*\*/)?\s*@font-face\{[^}]*\}")
_CREST: Final = re.compile(r"url\(/assets/images/[^)]*\)")
_PRINTED_ADDRESSES: Final = re.compile(r'@media print\{(?:[^{}]*\[href\^="/"\][^{}]*\{[^}]*\})+\}')


class Source(NamedTuple):
    """A file of a package, and what is done to it."""

    package: str
    path: str
    name: str
    change: Callable[[str], str] = str


def _rebranded(css: str) -> str:
    """The style sheet without the typeface and the crown of gov.uk, or printed addresses."""
    css = _PRINTED_ADDRESSES.sub("", _CREST.sub("none", _FACE.sub("", css)))
    css = css.replace("GDS Transport,arial,sans-serif", FONTS)
    left = [word for word in ("GDS Transport", "@font-face", "/assets/") if word in css]
    if left:
        raise SystemExit(f"the style sheet still names {left}: mend scripts/vendor_console.py")
    return css


def _unmapped(script: str) -> str:
    """The script without the name of a source map that is not shipped."""
    return re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", script)


SOURCES: Final = (
    Source("htmx.org@4.0.1", "dist/htmx.min.js", "htmx.min.js", _unmapped),
    Source("htmx.org@4.0.1", "dist/ext/hx-csp.min.js", "hx-csp.min.js", _unmapped),
    Source(
        "govuk-frontend@6.6.0",
        "dist/govuk/govuk-frontend.min.css",
        "govuk-frontend.min.css",
        lambda css: _rebranded(re.sub(r"/\*# sourceMappingURL=.*\*/\s*$", "", css)),
    ),
    Source(
        "govuk-frontend@6.6.0",
        "dist/govuk/govuk-frontend.min.js",
        "govuk-frontend.min.js",
        _unmapped,
    ),
    Source(
        "@ministryofjustice/frontend@11.1.0",
        "moj/moj-frontend.min.css",
        "moj-frontend.min.css",
        lambda css: _rebranded(re.sub(r"/\*# sourceMappingURL=.*\*/\s*$", "", css)),
    ),
    Source("cytoscape@3.34.4", "dist/cytoscape.min.js", "cytoscape.min.js", _unmapped),
)


def main() -> None:
    """Fetch the packages and write every file and the manifest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = {}
    with tempfile.TemporaryDirectory() as scratch:
        packages = {each.package for each in SOURCES}
        folders = {package: _unpacked(package, Path(scratch)) for package in sorted(packages)}
        for source in SOURCES:
            text = (folders[source.package] / source.path).read_text(encoding="utf-8")
            data = source.change(text).encode()
            (FOLDER / source.name).write_bytes(data)
            digest = base64.b64encode(hashlib.sha384(data).digest()).decode()
            manifest[source.name] = {"package": source.package, "sha384": digest}
    text = json.dumps(manifest, indent=2, sort_keys=True)
    (FOLDER / "manifest.json").write_text(f"{text}\n", encoding="utf-8")


def _unpacked(package: str, scratch: Path) -> Path:
    folder = scratch / re.sub(r"\W", "_", package)
    folder.mkdir()
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed; only this script needs it")
    subprocess.run([npm, "pack", "--silent", package], cwd=folder, check=True)
    [archive] = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


if __name__ == "__main__":
    main()
