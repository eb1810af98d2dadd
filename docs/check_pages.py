"""Every page of the built site in a browser as wide as a telephone: no formula is an error, nothing widens the page
beyond the window, and the console is silent: ``check_pages.py docs/_site``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from driven import BROWSER, Page

WIDTH = 400
MADE = ("source", "_static")  # listings of files, and what pages load
FAULTS = """(async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const wide = document.documentElement.scrollWidth, errors = [...document.querySelectorAll("mjx-merror")];
  return [...errors.map((error) => `the formula is an error: ${error.title || error.textContent}`),
    ...(wide > innerWidth ? [`the page is ${wide} pixels wide, the window ${innerWidth}`] : [])];
})()"""


def faults(site: Path, pages: list[Path]) -> Iterator[tuple[Path, str]]:
    """What is wrong with pages, in one browser for all of them."""
    with TemporaryDirectory() as folder, Page(Path(folder)) as browser:
        browser.look(WIDTH)
        for page in pages:
            browser.open(page.as_uri())
            said = [
                words for words in browser.wrong if '"source": "rendering"' not in words
            ]  # of a computer without GPU
            for fault in [*browser.run(FAULTS), *said]:
                yield page.relative_to(site), fault
            browser.wrong.clear()


def main(site: Path) -> int:
    if BROWSER is None:
        print("no Chromium: pages are not looked at (.ci/debian installs it)")
        return 0
    pages = [page for page in sorted(site.rglob("*.html")) if page.relative_to(site).parts[0] not in MADE]
    found = list(faults(site.resolve(), [page.resolve() for page in pages]))
    for page, fault in found:
        print(f"{page}: {fault}")
    print(f"{len(pages)} pages in a browser, {len(found)} faults")
    return int(bool(found) or not pages)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
