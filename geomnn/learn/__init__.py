"""The tutorial as notebooks: its pages lie here, the site shows them, and `geomnn learn` writes them for Jupyter.

`notebook` makes a notebook of a page, and `write_notebooks` those of all pages, with the exercises to solve, and beside
each one with its solutions.
"""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from geomnn.files import json_text, write_whole
from geomnn.learn.notebook import notebook
from geomnn.report.folder import check_folder

__all__ = ["notebook", "pages", "write_notebooks"]


def pages() -> dict[str, str]:
    """The pages of the tutorial.

    Returns
    -------
    dict of str
        Name to text in Markdown, in the order of the tutorial.
    """
    folder = files("geomnn").joinpath("learn", "tutorial")
    index = folder.joinpath("index.md").read_text(encoding="utf-8")
    order = re.search(r"^```\{toctree\}\n(?:.*\n)*?\n((?:\w+\n)+)```", index, re.M)
    assert order is not None  # the page of this package, not input
    return {name: folder.joinpath(f"{name}.md").read_text(encoding="utf-8") for name in order[1].split()}


def write_notebooks(folder: str | os.PathLike[str], force: bool = False) -> list[Path]:
    """Write the tutorial as notebooks, each once with the exercises to solve and once with their solutions.

    Parameters
    ----------
    folder : path-like
        Is made; the folder around it must be there.
    force : bool
        Whether it may exist; notebooks of these names in it are replaced.

    Returns
    -------
    list of Path
        The notebooks to begin with, in order; that with the solutions to ``1-wedge.ipynb`` is
        ``1-wedge-solutions.ipynb``.

    Raises
    ------
    OutputExists
        If the folder exists and ``force`` is not given.
    OptionError
        If the folder around it is missing or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geomnn.learn import write_notebooks
    >>> written = write_notebooks(tempfile.mkdtemp() + "/notebooks")
    >>> written[0].name
    '1-wedge.ipynb'
    """
    target = check_folder(folder, force)
    target.mkdir(exist_ok=True)
    stems = {name: f"{number}-{name}" for number, name in enumerate(pages(), 1)}
    for ending in ("-solutions", ""):
        names = {f"{name}.md": f"{stem}{ending}.ipynb" for name, stem in stems.items()}
        written = [
            write_whole(target / names[f"{name}.md"], json_text(notebook(text, names, solved=bool(ending))))
            for name, text in pages().items()
        ]
    return written
