"""report.html in a browser: typeset, nothing loaded, no overflow, nothing on the console, readable by day and night."""

import csv

import numpy as np
import pytest
from browser import DARK, DESKTOP, PHONE, browse, needed, probed
from matplotlib.image import imread

from geomnn.cli import main

pytestmark = needed
PROBE = """
  const box = (element) => element.getBoundingClientRect();
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255).map(
      (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
    return /, 0\\)$/.test(colour) ? paper(element.parentElement) : colour;
  };
  const contrast = (element) => {
    const pair = [getComputedStyle(element).color, paper(element)].map(luminance).sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };
  const texts = "h1, h2, h3, p, small, a, th, td, code, pre, figcaption, math, label, input, output, summary";
  const scrolls = ".scroll, .formula, pre, figure";
  const focused = (element) => { element.focus(); return document.activeElement === element; };
  return {
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    cut: all(`${texts}, button, img`).filter((each) => !each.parentElement.closest(scrolls)).filter(
      (each) => box(each).right > innerWidth + 1 || box(each).left < -1).map((each) => each.outerHTML.slice(0, 200)),
    narrow: all("button, label").filter((each) => each.scrollWidth > each.clientWidth + 1).length,
    dark: luminance(paper(document.body)) < 0.1,
    contrast: Math.min(...all(`${texts}, button:enabled`).map(contrast)),
    maths: all("math").map((m) => [box(m).width, box(m).height]),
    fractions: all("mfrac").map((m) => box(m.children[1]).top - box(m.children[0]).bottom),
    lowered: all("msub").map((m) => box(m.children[1]).bottom - box(m.children[0]).bottom),
    right: all("msub").map((m) => box(m.children[1]).left - box(m.children[0]).right),
    images: all("img").map((i) => i.naturalWidth * i.naturalHeight * box(i).height),
    words: all("img").map((i) => i.alt.length),
    keys: all("button:enabled, input, .scroll, .formula, pre").filter(
      (each) => !each.closest(".playground, [hidden], details:not([open])")).every(focused),
    links: all('a:not([href="#"])').map((a) => document.querySelector(a.getAttribute("href"))?.tagName),
    loaded: performance.getEntriesByType("resource").map((r) => r.name.slice(0, 11)),
  };
"""


def measured(page, tmp_path, *arguments, width):
    """What the probe sees in a copy of the page, so many pixels wide."""
    pages = {"copy": (page.read_text(encoding="utf-8"), PROBE)}
    return probed(pages, tmp_path, *arguments, width=width)["copy"]


def report(folder, X, y, *options):
    """report.html for a table."""
    folder.mkdir()
    with open(folder / "data.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"a_rather_long_name_of_column_{k}" for k in range(X.shape[1])), "y"])
        writer.writerows([*(f"{v:.3f}" for v in row), t] for row, t in zip(X, y, strict=True))
    arguments = [str(folder / "data.csv"), "--target", "y", "--out", str(folder), "--force", *options]
    assert main(["derive", *arguments]) == 0
    return folder / "report.html"


def plane(folder):
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 2))
    return report(folder, X, np.round(X[:, 0] * X[:, 1], 3), "--reg", "0.05")


def many_features(folder):
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 12))
    y = np.where(X[:, 0] > X[:, 1] ** 2 - 1, "yes", "no")
    options = ["--classify", "--norm", "2", "--standardize", "--dictionary", "local"]
    return report(folder, X, y, "--reg", "2", *options)


def exact(folder):
    x = np.arange(8.0)
    return report(folder, x[:, None], np.abs(x - 3) + x % 2, "--reg", "1/3", "--exact")


@pytest.fixture(
    scope="module",
    params=[
        plane,
        pytest.param(many_features, marks=pytest.mark.slow),
        pytest.param(exact, marks=pytest.mark.slow),
    ],
    ids=lambda make: make.__name__,
)
def page(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp(request.param.__name__) / "report")


@pytest.mark.parametrize(("width", "scheme"), [(DESKTOP, []), (PHONE, []), (DESKTOP, [DARK])])
def test_a_picture_of_the_page_is_not_blank(page, tmp_path, width, scheme):
    shot = tmp_path / "report.png"
    _, console = browse(page, tmp_path, f"--screenshot={shot}", *scheme, width=width)
    assert not console
    pixels = imread(shot)[:, :, :3]
    assert pixels.shape[1] == width
    if scheme:
        assert pixels.mean() < 0.3  # the pictures are dark, too
    ink = np.mean(abs(pixels.max(axis=2) - (0.1 if scheme else 1.0)) > 0.1)
    assert 0.01 < ink < 0.6
    assert (
        len(np.unique((255 * pixels[::3, ::3]).astype(int).reshape(-1, 3), axis=0)) > 30
    )  # letters and formulas


@pytest.mark.parametrize(
    ("width", "scheme"), [(DESKTOP, []), (PHONE, []), (DESKTOP, [DARK]), (PHONE, [DARK])]
)
def test_formulas_are_typeset_and_nothing_overflows(page, tmp_path, width, scheme):
    found = measured(page, tmp_path, *scheme, width=width)
    assert found["scroll"] <= found["width"] == width
    assert not found["cut"]
    assert not found["narrow"]
    assert found["keys"]
    assert min(found["words"]) > 20
    assert found["dark"] == bool(scheme)
    assert found["contrast"] > 4.5  # the least of the accessibility guidelines of the web
    assert len(found["maths"]) > 10
    assert all(side > 0 for sides in found["maths"] for side in sides)
    assert found["fractions"]
    assert min(found["fractions"]) >= 0  # numerators are above denominators
    assert min(found["lowered"]) > 0  # and indices are lower, at the right
    assert min(found["right"]) > -3
    assert found["images"]
    assert min(found["images"]) > 1000
    assert set(found["links"]) == {"TR"}
    assert all(name.startswith("data:image/") for name in found["loaded"])


def test_the_page_forbids_what_would_be_loaded(page, tmp_path):
    copy = tmp_path / "loading.html"
    text = page.read_text(encoding="utf-8")
    copy.write_text(
        text.replace("</body>", '<img src="https://example.org/x.png"><script>alert(1)</script></body>'),
        encoding="utf-8",
    )
    _, console = browse(copy, tmp_path, "--dump-dom")
    assert len([line for line in console if "Content Security Policy" in line]) == 2
