"""The pages of the tutorial: they lie in the package, for its notebooks, and the site shows them as they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PAGES = Path(__file__).resolve().parents[2] / "geomnn" / "learn" / "tutorial"


def copy_pages(app: Sphinx) -> None:
    """`tutorial/`, a folder that git ignores; with the times of the pages, so that only changed ones are read again."""
    folder = Path(app.srcdir, "tutorial")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PAGES, folder)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", copy_pages, priority=400)  # before the pages of sources are linked
    return {"parallel_read_safe": True}
