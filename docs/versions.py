"""Sites of several versions side by side, with a choice in the margin of each: ``python docs/versions.py FOLDER``.

FOLDER has a folder for each version, named after it, with the site that was built from its tree:

    python -m sphinx docs FOLDER/0.1.0

Every one of them gets the list of all, the newest first, and FOLDER an index.html that leads to the newest.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

LIST = re.compile(r"^const VERSIONS = .*;$", re.MULTILINE)
INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>geomnn {0}</title>
<meta http-equiv="refresh" content="0; url={0}/index.html"><a href="{0}/index.html">geomnn {0}</a></html>
"""


def versions(folder: Path) -> list[str]:
    """Folders that are named after a version and hold a site, the newest first."""
    names = [path.parents[1].name for path in folder.glob("*/_static/versions.js")]
    return sorted((name for name in names if re.fullmatch(r"\d+(\.\d+)*", name)), key=number, reverse=True)


def number(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))


def main(folder: Path) -> int:
    found = versions(folder)
    if not found:
        print(f"{folder} has no folder with a site that is named after a version, such as 0.1.0.")
        return 2
    for name in found:
        script = folder / name / "_static" / "versions.js"
        text = script.read_text(encoding="utf-8")
        script.write_text(LIST.sub(f"const VERSIONS = {json.dumps(found)};", text, count=1), encoding="utf-8")
    (folder / "index.html").write_text(INDEX.format(found[0]), encoding="utf-8")
    print("versions:", *found)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
