"""The page of the package in an index, where there is no tree: the README without what leads into the tree or needs it.

All else about the package is in pyproject.toml.
"""

import re
from pathlib import Path

from setuptools import setup


def index_page(readme):
    """No parts between the marks, words in the place of links that are relative, and the package from the index."""
    text = re.sub(r"<!-- tree -->.*?<!-- /tree -->\n*", "", readme, flags=re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\((?!https?://)[^)]*\)", r"\1", text)
    return text.replace("--editable .\n", "geomnn\n")


if __name__ == "__main__":
    setup(
        long_description=index_page((Path(__file__).parent / "README.md").read_text(encoding="utf-8")),
        long_description_content_type="text/markdown",
    )
