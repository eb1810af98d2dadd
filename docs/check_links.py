"""Every link of the built site that stays on it leads to a file, and to a place in it, and pages load nothing from
elsewhere, so that they read off-line: ``check_links.py docs/_site``.

LinkChecker, which finds the same, takes three minutes for this site; this takes seconds.
"""

from __future__ import annotations

import html
import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINK = re.compile(r"""<\w[^<>]*?\s(?:href|src)=["']([^"']*)["']""")
PLACE = re.compile(r"""<\w[^<>]*?\s(?:id|name)=["']([^"']+)["']""")
LOADED = re.compile(r"""<(?:script|img|link|iframe)\b[^<>]*?\s(?:href|src)=["'](https?://[^"']*)["']""")
OUTSIDE = ("http", "https", "mailto", "data", "javascript")


@cache
def places(page: Path) -> frozenset[str]:
    """What a page can be entered at."""
    return frozenset(map(html.unescape, PLACE.findall(page.read_text(encoding="utf-8"))))


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere, and what it loads from elsewhere."""
    text = page.read_text(encoding="utf-8")
    wrong = LOADED.findall(text)
    for link in {html.unescape(link) for link in LINK.findall(text)}:
        parts = urlsplit(link)
        if parts.scheme in OUTSIDE or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        fragment = unquote(parts.fragment)
        if target.is_dir():
            target /= "index.html"
        if not target.is_file() or (fragment and target.suffix == ".html" and fragment not in places(target)):
            wrong.append(link)
    return sorted(wrong)


def main(site: Path) -> int:
    pages = sorted(site.rglob("*.html"))
    wrong = [(page, link) for page in pages for link in broken(page)]
    for page, link in wrong:
        print(f"{page.relative_to(site)}: {link} leads nowhere, or is loaded from elsewhere")
    print(f"{len(pages)} pages, {len(wrong)} broken links")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
