"""The playground in a browser: what it finds is what `derive` finds, however its samples are moved.

The first page goes through configurations by its address, the second one is used by pointer, finger and keys.
"""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from driven import BROWSER, SHIFT, Page

import geomnn as gm
from geomnn.cli import main
from geomnn.errors import ConstantNetworkWarning, GeomnnError
from geomnn.playground import MOST, embedded, page, script_source
from geomnn.report.movable import playground_of

STATE = """(() => {
  const all = (name) => [...document.querySelectorAll(`.playground ${name}`)];
  const value = (name) => Number(all(name)[0].value);
  return {
    samples: all(".sample").map((sample) => sample.getAttribute("aria-label")),
    places: all(".sample").map((sample) => { const box = sample.querySelector(".ground").getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2]; }),
    names: all(".neurons li").map((neuron) => neuron.dataset.name),
    shown: all(".neurons li").map((neuron) => neuron.textContent),
    coefficients: all(".neurons data").map((z) => Number(z.value)),
    objective: value(".objective"), gap: value(".gap"), intercept: value(".intercept"), most: value(".regmax"),
    unique: all(".unique")[0].value, live: all(".live")[0].textContent, dual: all(".dual-words")[0].textContent,
    atom: all(".strip")[0].getAttribute("aria-valuetext"), lines: all(".lines .hinge").length,
    focus: document.activeElement.getAttribute("aria-label"), hash: location.hash.slice(1),
    link: all(".link")[0].href, loaded: performance.getEntriesByType("resource").map((r) => r.name),
  };
})()"""
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SPOKEN = f"{DRAWN}.then(() => new Promise((done) => setTimeout(done, 450)))"
VISITED = """(async () => {
  const found = [];
  for (const state of %s) {
    const changed = new Promise((done) => addEventListener("hashchange", done, { once: true }));
    location.hash = state;
    await changed;
    await %s;
    found.push(%s);
  }
  return found;
})()"""

CONTRAST = """(() => {
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const root = document.querySelector(".playground"), paper = luminance(getComputedStyle(root).backgroundColor);
  const contrast = (ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  const least = (names, property) => Math.min(...[...root.querySelectorAll(names)].map(
    (element) => contrast(luminance(getComputedStyle(element)[property]))));
  return [
    least("small, dt, dd, a, li, h3, label, button, .legend", "color"), least("svg text", "fill"),
    least(".line, .level, .badge circle, .ground", "stroke"), paper,
  ];
})()"""


def configurations():
    """(X, y, reg, norm, bias) on the line and in the plane: in general position, and not."""
    kinds = (
        "spread",
        "spread",
        "integers",
        "repeated",
        "collinear",
        "constant",
        "one",
        "zero",
        "above",
        "most",
    )
    for seed in range(50):
        rng, kind = np.random.default_rng(seed), kinds[seed // 5 % 10]
        n, d, bias, norm = (
            int(rng.integers(2, 9)),
            1 + seed % 2,
            bool(seed // 2 % 2),
            (1, np.inf)[seed // 4 % 2],
        )
        n = {"one": 1, "most": MOST}.get(kind, n)
        X = rng.integers(-2, 3, size=(n, d)).astype(float)
        if kind in ("spread", "most"):
            X = rng.uniform(-3, 3, size=(n, d)).round(2)
        elif kind == "repeated":
            X[n // 2 :] = X[0]
        elif kind == "collinear":
            X = np.arange(n)[:, None] * rng.integers(-2, 3, size=d) + rng.integers(-2, 3, size=d) * 0.5
        elif kind == "zero":
            X[: n // 2] = 0
        y = np.full(n, 1.5) if kind == "constant" else rng.integers(-8, 9, size=n) / 4
        most = gm.reg_max(X, y, norm=norm, bias=bias)
        part = 1.25 if kind == "above" else float(rng.choice([0.02, 0.1, 0.3, 0.6]))
        yield X, y, part * most or 0.1, norm, bias


def written(X, y, reg, norm, bias):
    """A configuration as the address has it."""
    samples = ";".join(",".join(map(repr, row)) for row in np.column_stack([X, y]).tolist())
    return f"norm={norm:g}&bias={bias:d}&reg={reg!r}&samples={samples}"


def solved(X, y, reg, norm, bias):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantNetworkWarning)
        return gm.derive(X, y, reg=reg, norm=norm, bias=bias, dictionary="all")


def compare(found, X, y, reg, norm, bias):
    """What a page shows, with what the package finds."""
    solution = solved(X, y, reg, norm, bias)
    assert found["objective"] == pytest.approx(solution.objective, rel=1e-6, abs=1e-9)
    assert found["most"] == pytest.approx(gm.reg_max(X, y, norm=norm, bias=bias), rel=1e-9, abs=1e-12)
    assert 0 <= found["gap"] < 1e-9
    said = {"true": True, "false": False, "null": None}[found["unique"]]
    assert said is None or solution.unique is None or said == solution.unique
    if solution.unique:
        neurons = solution.network.neurons
        assert found["names"] == [str(neuron.atom) for neuron in neurons]
        np.testing.assert_allclose(
            found["coefficients"], [neuron.coefficient for neuron in neurons], rtol=1e-6
        )
        assert found["intercept"] == pytest.approx(solution.network.intercept, rel=1e-6, abs=1e-9)
    return solution.unique, said


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A browser at a playground of five samples."""
    if BROWSER is None:
        pytest.skip("no Chromium: .ci/debian installs it on Debian (tests of the playground)")
    folder = tmp_path_factory.mktemp("playground")
    text = page([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0], reg=0.15)
    (folder / "page.html").write_text(text, encoding="utf-8")
    with Page(folder) as browser:
        browser.look(1200)
        browser.address = (folder / "page.html").as_uri()
        yield browser
        assert not browser.wrong  # nothing on the console, from the first page to the last


def at(browser, state=""):
    """The page anew, in a state, drawn."""
    browser.open("about:blank")
    browser.open(browser.address + "#" * bool(state) + state)
    return now(browser)


def now(browser):
    browser.run(DRAWN)
    return browser.run(STATE)


def test_fifty_configurations_have_the_optima_of_derive(opened):
    cases = list(configurations())
    at(opened)
    found = opened.run(VISITED % (json.dumps([written(*case) for case in cases]), DRAWN, STATE))
    answers = [compare(shown, *case) for shown, case in zip(found, cases, strict=True)]
    assert sum(unique is True for unique, _ in answers) >= 20
    assert sum(unique is False for unique, _ in answers) >= 3
    # undecided are but few, so that the page does not agree by saying nothing
    assert sum(said is None for _, said in answers) <= 5


def test_a_drag_moves_a_sample_and_the_lines_with_it(opened):
    before = at(opened)
    assert before["names"] == ["+⋆(x0 − x3) at x3", "−⋆(x0 − x3) at x3"]
    assert before["shown"][0] == "+1 · ((x − x3)·u)₊,  u ∝ +⋆(x0 − x3) at x3"
    start, end = before["places"][3], [before["places"][3][0] - 60, before["places"][3][1] + 90]
    opened.drag(start, end)
    opened.run(SPOKEN)
    after = now(opened)
    np.testing.assert_allclose(after["places"][3], end, atol=4)  # to a step of the grid
    x = [float(number) for number in after["hash"].split("samples=")[1].split(";")[3].split(",")]
    X, y = np.array([[0, 0], [1, 0], [0, 1], x[:2], [0.5, 0.5]]), np.array([0, 1, 1, 0, 0.0])
    assert x[2] == 0
    assert 0 < x[0] < 1
    compare(after, X, y, 0.15, 1, True)
    assert after["names"] != before["names"]
    assert str(round(after["objective"], 4)) in after["live"]
    assert at(opened, after["hash"])["objective"] == after["objective"]  # the address is the state


def test_on_the_line_a_drag_moves_the_target_too(opened):
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 0.0, 1.0])
    before = at(opened, written(X, y, 0.1, 1, True))
    start = before["places"][1]
    opened.drag(start, [start[0] + 25, start[1] + 70])
    opened.run(SPOKEN)
    after = now(opened)
    x, target = map(float, after["hash"].split("samples=")[1].split(";")[1].split(","))
    assert 1 < x < 2
    assert target < 0.8
    X[1], y[1] = x, target
    compare(after, X, y, 0.1, 1, True)


def test_a_finger_drags_and_a_narrow_page_does_not_overflow(opened):
    opened.look(400, touch=True)
    try:
        before = at(opened)
        start = before["places"][4]
        opened.touch(start, [start[0] + 40, start[1]])
        after = now(opened)
        np.testing.assert_allclose(after["places"][4], [start[0] + 40, start[1]], atol=4)
        assert after["objective"] != before["objective"]
        assert opened.run("document.documentElement.scrollWidth") == 400
    finally:
        opened.look(1200)


def test_keys_alone_do_everything(opened):
    at(opened)
    for _ in range(30):  # from the top of the page, through the samples, in their order
        opened.press("Tab")
        if "x1" in (opened.run(STATE)["focus"] or ""):
            break
    else:
        pytest.fail("Tab does not reach sample x1")
    opened.press("ArrowUp", 3)
    opened.press("ArrowLeft", modifiers=SHIFT)
    opened.press("+", 2)
    opened.press("-")
    opened.run(SPOKEN)
    moved = now(opened)
    X, y = np.array([[0, 0], [0.9, 0.03], [0, 1], [1, 1], [0.5, 0.5]]), np.array([0, 1.05, 1, 0, 0])
    assert moved["focus"] == "sample x1 at 0.9, 0.03, target 1.05"
    compare(moved, X, y, 0.15, 1, True)
    opened.press("a")
    added = now(opened)
    assert added["focus"] == "sample x5 at 1, 0.13, target 1.05"
    compare(added, np.vstack([X, [1.0, 0.13]]), np.append(y, 1.05), 0.15, 1, True)
    opened.press("Delete")
    assert now(opened)["objective"] == pytest.approx(solved(X, y, 0.15, 1, True).objective)
    for _ in range(20):  # and on, to the strip, whose arrows go from atom to atom
        opened.press("Tab")
        if (opened.run(STATE)["focus"] or "").startswith("Atoms"):
            break
    else:
        pytest.fail("Tab does not reach the atoms")
    lines = now(opened)["lines"]
    opened.press("ArrowRight", 2)
    found = now(opened)
    assert found["atom"].startswith("−⋆e1 at x0, correlation ")
    assert found["lines"] == lines + 1


def test_equal_samples_and_the_last_one_are_kept(opened):
    at(opened, "norm=1&bias=1&reg=0.1&samples=1,2,3")
    opened.run("document.querySelector('.sample').focus()")
    opened.press("Delete")
    alone = now(opened)
    assert len(alone["samples"]) == 1
    assert (alone["objective"], alone["names"], alone["unique"]) == (0, [], "true")
    for _ in range(MOST + 3):
        opened.press("a")
    full = now(opened)
    assert len(full["samples"]) == MOST


SIZES = """(() => {
  const left = document.querySelector(".playground .board").getBoundingClientRect().left;
  const select = document.querySelector(".example"), style = getComputedStyle(select);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontSize} ${style.fontFamily}`;
  return {
    cut: [...document.querySelectorAll(".axes text")].filter((text) => text.getBoundingClientRect().left < left).length,
    axes: [...document.querySelectorAll(".axes .axis")].map((text) => text.textContent),
    wide: Math.max(...[...select.options].map(({ text }) => pen.measureText(text).width)) + 40 - select.clientWidth,
  };
})()"""


@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize(
    ("samples", "axes"),
    [
        ("0,0,0;1e-5,0,1e-5;0,1.2e-5,0;1e-5,1e-5,0", ["feature 1 (×10⁻⁵)", "feature 2 (×10⁻⁵)"]),
        ("0,0;123456,1e-7;250000,0", ["feature 1 (×10⁵)", "target (×10⁻⁷)"]),
        ("1000000,0,0;1000001,1,1;1000001,0,0", ["feature 1 − 1000000", "feature 2"]),
        ("-1,0.5,0;2,3,1", ["feature 1", "feature 2"]),
    ],
)
def test_no_label_and_no_example_is_cut(opened, width, samples, axes):
    opened.look(width)
    at(opened, f"norm=1&bias=1&reg=0.1&samples={samples}")
    found = opened.run(SIZES)
    assert (found["cut"], found["axes"]) == (0, axes)
    assert found["wide"] <= 0
    opened.look(1200)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("reg=0.1&samples=0,1,0;3,0,1;1,4,2;4,3,1", "It has 3 dimensions; this is the plane through 0, y and v."),
        ("reg=0.15&samples=0,0,0;1,0,1;0,1,1;1,1,0;0.5,0.5,0", "through y in which the value at x0 changes, as y"),
        ("reg=0.1&samples=0,0,1;1,0,1;0,1,1;1,1,1", "in which the values at x0 and x1 change, as y and v are 0"),
        ("reg=1&samples=0,0,0;2,1,2;1,3,-1", "φ the activation of any atom. The residual"),
        ("reg=0.2&samples=0,0;2,1", "an interval"),
    ],
)  # fmt: skip
def test_words_say_which_plane_of_the_dual_set_is_drawn(opened, problem, words):
    assert words in at(opened, f"norm=1&bias=1&{problem}")["dual"]


@pytest.mark.parametrize(
    "text", ["samples=1,2;3", "samples=1,2,x", "reg=-1&samples=1,2", "norm=2&samples=1,2", "section"]
)
def test_an_address_that_is_no_state_changes_nothing(opened, text):
    assert at(opened, text)["objective"] == pytest.approx(0.45)


def test_nothing_is_loaded_and_no_other_script_may_run(opened, tmp_path):
    assert at(opened)["loaded"] == []
    text = page([[0], [1]], [0, 1])
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src {script_source()}" in text


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read(opened, dark):
    """Contrast of text and of lines with the paper, by day and by night; WCAG asks for 4.5 and 3."""
    opened.look(1200, dark=dark)
    at(opened)
    worst = opened.run(CONTRAST)
    assert min(worst[:2]) > 4.5
    assert worst[2] > 3
    assert (worst[3] < 0.1) == dark
    opened.look(1200)


def test_a_report_of_a_small_table_in_the_plane_has_it(opened, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("east,north,height\n0,0,0\n1,0,1\n0,1,1\n1,1,0\n0.5,0.5,0\n", encoding="utf-8")
    asked = ["derive", str(table), "--target", "height", "--reg", "0.15", "--out"]
    assert main([*asked, str(tmp_path / "report")]) == 0
    opened.open((tmp_path / "report" / "report.html").as_uri())
    found = now(opened)
    assert (found["objective"], found["unique"]) == (pytest.approx(0.45), "true")


def test_a_report_of_a_small_table_in_the_plane_can_have_it():
    X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0]
    part = playground_of(
        SimpleNamespace(solution=gm.derive(X, y, reg=0.15), scaling=None, features=("east", "north"))
    )
    assert "reg=0.15&amp;samples=0.0,0.0,0.0;1.0,0.0,1.0;" in part
    assert "north" in part
    for other in ({"norm": 2}, {"dictionary": "wedge"}):  # are not solved in the page
        solution = gm.derive(X, y, reg=0.15, **other)
        assert (
            playground_of(SimpleNamespace(solution=solution, scaling=None, features=("east", "north"))) == ""
        )
    line = gm.derive([[0], [1], [3]], y[:3], reg=0.1)
    assert playground_of(SimpleNamespace(solution=line, scaling=None, features=("east",))) == ""


def test_an_embedded_one_links_to_its_page():
    part = embedded(
        [[0], [1]], [0, 1], 0.2, bias=False, feature_names=["<b>"], address="../playground/index.html"
    )
    assert 'data-address="../playground/index.html"' in part
    assert "norm=1&amp;bias=0&amp;reg=0.2&amp;samples=0.0,0.0;1.0,1.0" in part
    assert "<b>" not in part


@pytest.mark.parametrize(
    ("X", "y", "options"),
    [
        (np.zeros((13, 2)), np.zeros(13), {}),
        (np.zeros((3, 3)), np.zeros(3), {}),
        (np.zeros((3, 2)), np.zeros((3, 2)), {}),
        (np.zeros((3, 2)), np.zeros(3), {"norm": 2}),
        (np.zeros((3, 2)), np.zeros(4), {}),
        (np.zeros((3, 2)), np.zeros(3), {"reg": 0}),
        (np.zeros((3, 2)), np.zeros(3), {"feature_names": ["one"]}),
    ],
)
def test_what_cannot_be_shown_is_refused(X, y, options):
    with pytest.raises(GeomnnError):
        page(X, y, **options)
