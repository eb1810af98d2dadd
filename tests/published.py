"""What is published has what it needs and nothing else: files of the wheel and the archive, and the page of an index.

    python tests/published.py dist/*

Exit status 1, with a line for each thing that is wrong.
"""

import re
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

TREE = Path(__file__).parents[1]
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
MADE = re.compile(r"(^|/)(__pycache__|\.venv|build|dist|_site|\.\w+_cache)(/|$)|\.py[co]$|\.so$")
BESIDE = {
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "pyproject.toml",
    "setup.py",
}
ROOMS = ("geomnn", "docs", "examples", "proofs", "tests")


def files(tree, *rooms):
    """Names of all files of some folders, without what is made by running them."""
    paths = (
        path.relative_to(tree).as_posix()
        for room in rooms
        for path in (tree / room).rglob("*")
        if path.is_file()
    )
    return {path for path in paths if not MADE.search(path)}


def wheel(archive, tree):
    """The package as it is in the tree, its metadata, and a page that leads nowhere into the tree."""
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
        (folder,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
        page = opened.read(f"{folder}/METADATA").decode()
    wanted = files(tree, "geomnn") | {f"{folder}/{name}" for name in METADATA}
    yield from (f"{name} is missing" for name in sorted(wanted - names))
    yield from (f"{name} should not be there" for name in sorted(names - wanted))
    yield from (f"the page says {found!r}" for found in leads_into_the_tree(page))


def leads_into_the_tree(page):
    """Links and pictures without an address of their own, marks of the README, and a folder to be installed."""
    return re.findall(
        r"\]\((?!https?://|#)[^)]*\)|<!--.*?-->|<img[^>]*>|--editable \.$|docs/_static", page, re.MULTILINE
    )


def source(archive, tree):
    """The tree, so that tests, pages and examples of the archive run."""
    with tarfile.open(archive) as opened:
        names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in opened.getnames()}
    made = ("docs/gallery/", "docs/source/", "docs/proofs/", "docs/tutorial/", "docs/sg_execution_times")
    wanted = {name for name in files(tree, *ROOMS) if not name.startswith(made)} | BESIDE
    yield from (f"{name} is missing" for name in sorted(wanted - names))
    yield from (
        f"{name} should not be there" for name in sorted(names) if MADE.search(name) or name.startswith(made)
    )


def main(archives):
    wrong = 0
    for archive in map(Path, archives):
        for complaint in (wheel if archive.suffix == ".whl" else source)(archive, TREE):
            print(f"{archive.name}: {complaint}")
            wrong += 1
    return 1 if wrong or not archives else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
