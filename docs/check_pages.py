"""Every page of the built site in a browser as wide as a telephone, light and dark: no formula is an error, nothing is
wider than the page or scrolls, numbers stay with their units, letters can be read, those of pictures too, and the
console is silent; and every slide of a lecture fits a projector and a telephone: ``check_pages.py docs/_site``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from driven import BROWSER, Page

WIDTH = 400
LEAST = 7.0  # pixels of a letter of a picture, from line to line
MADE = (
    "source",
    "_static",
    "_downloads",
    "plot_directive",
)  # listings of files, what pages load, pictures alone
FAULTS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
SCREENS = (1280, 720), (400, 800)
OVER = """(async () => {
  while (!document.documentElement.matches(".cut")) await new Promise((done) => setTimeout(done, 10));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [...document.querySelectorAll("#stage > section")].map((slide) => {
    const parts = [...slide.querySelectorAll(":not(.notes *, mjx-container *)")];
    const right = Math.max(...parts.map((part) => part.getBoundingClientRect().right));
    return [slide.scrollHeight - slide.clientHeight, Math.max(slide.scrollWidth, right) - slide.clientWidth];
  });
})()"""  # pixels by which each slide is too high and too wide


def letters(svg: str) -> float:
    """The least letters of a picture of matplotlib, as a part of its width.

    Letters are outlines of 100 units, scaled; TeX's indices are smaller than the rest and do not count.
    """
    width = re.search(r'<svg[^>]*? width="([\d.]+)pt"', svg)
    texts = [re.search(r"scale\(([\d.]+) ", text) for text in re.split(r'<g id="text_\d+">', svg)[1:]]
    sizes = [100 * float(text[1]) for text in texts if text]
    return min(sizes, default=1e9) / float(width[1]) if width else 1e9


def small(site: Path, page: Path, pictures: list[tuple[str, float]]) -> Iterator[str]:
    """Pictures of a page, each with its width there, whose letters are too small for it; the gallery shows dots, and
    their drawings lie beside its source."""
    for address, width in pictures:
        drawing = (page.parent / address).with_suffix(".svg")
        if not drawing.exists():
            drawing = site.parent / "gallery" / "images" / drawing.name
        if drawing.exists() and (size := width * letters(drawing.read_text(encoding="utf-8"))) < LEAST:
            yield f"letters of {size:.1f} pixels in {drawing.name}"


def faults(site: Path, pages: list[Path]) -> Iterator[tuple[Path, str]]:
    """What is wrong with pages, in one browser for all of them."""
    with TemporaryDirectory() as folder, Page(Path(folder)) as browser:
        for page in pages:
            browser.look(WIDTH)
            browser.open(page.as_uri())
            light = browser.run(FAULTS)
            browser.look(WIDTH, dark=True)
            dark = [
                f"{fault}, in the dark"
                for fault in browser.run(FAULTS)["faults"]
                if fault not in light["faults"]
            ]
            said = [
                words for words in browser.wrong if '"source": "rendering"' not in words
            ]  # of a computer without GPU
            for fault in [*light["faults"], *small(site, page, light["pictures"]), *dark, *said]:
                yield page.relative_to(site), fault
            browser.wrong.clear()


def slides(site: Path, pages: list[Path]) -> Iterator[tuple[Path, str]]:
    """Slides that are larger than the screen."""
    with TemporaryDirectory() as folder, Page(Path(folder)) as browser:
        for page in pages:
            for width, height in SCREENS:
                browser.look(width, height)
                browser.open(f"{page.as_uri()}?slides")
                for number, (high, wide) in enumerate(browser.run(OVER), 1):
                    if max(high, wide) > 1:
                        yield (
                            page.relative_to(site),
                            f"slide {number} at {width} × {height} is {high} pixels too high, {wide:.0f} too wide",
                        )
            for words in browser.wrong:
                yield page.relative_to(site), words
            browser.wrong.clear()


def main(site: Path) -> int:
    if BROWSER is None:
        print("no Chromium: pages are not looked at (.ci/debian installs it)")
        return 0
    pages = [page for page in sorted(site.rglob("*.html")) if page.relative_to(site).parts[0] not in MADE]
    site = site.resolve()
    shown = [*sorted(site.glob("tutorial/*.html")), site / "lectures" / "bounds.html"]
    found = [*faults(site, [page.resolve() for page in pages]), *slides(site, shown)]
    for page, fault in found:
        print(f"{page}: {fault}")
    print(f"{len(pages)} pages in a browser, light and dark, {len(shown)} as slides, {len(found)} faults")
    return int(bool(found) or not pages)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
