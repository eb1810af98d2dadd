"""Names in a picture that make way for each other, and letters that its fonts have.

Where a name goes is known when it is drawn, as that depends on the size of the picture. So names are put into an
artist that places them then: the first ones first, each at the first of its places where it covers no other one and is
not cut; a name without such a place is left out.

A letter that the fonts of a picture lack is drawn with an installed font that has it; without one, it is spelt as in
Python, \\u65e5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox

__all__ = ["BESIDE", "Labels", "make_legible", "thin_ticks"]

BESIDE = (
    (6.0, 5.0),
    (-6.0, 5.0),
    (6.0, -5.0),
    (-6.0, -5.0),
)  # in points from a mark, in the corners round it
ROOM = 1.5  # pixels between two names
LAST_RESORT = "Last Resort"  # a font of boxes, which matplotlib brings along


class Labels(Artist):
    """Names in axes, the most important first.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    inside : bool
        Whether names stay inside of the axes; else they may stand about them, in the figure.
    whole : bool
        Whether all of them are left out where there is no room for one.
    points : ndarray, shape (m, 2) or (m, 3), optional
        What names had better not cover.
    """

    axes: Any

    def __init__(self, ax: Axes, inside: bool = True, whole: bool = False, points: np.ndarray | None = None):
        super().__init__()
        self.inside, self.whole, self.points = inside, whole, points
        self.names: list[tuple[Annotation, list[tuple[Any, Any]]]] = []
        self.set_zorder(-np.inf)  # ahead of what it places
        self.set_in_layout(False)
        ax.add_artist(self)

    def add(self, text: str, places: Any, shifts: Iterable[Any] = ((0.0, 0.0),), **style: Any) -> None:
        """A name that may be at some places, and beside each of them.

        Parameters
        ----------
        text : str
        places : array_like, shape (m, 2) or (2,), in three dimensions (m, 3) or (3,)
        shifts : sequence of pairs of float
            In points; a name stands on the side of its place that the shift says.
        **style
            Of `matplotlib.axes.Axes.annotate`.
        """
        spots = [(place, shift) for place in np.atleast_2d(places).astype(float) for shift in shifts]
        place, shift = spots[0]
        name = self.axes.annotate(text, tuple(place[:2]), tuple(shift), **{
            "textcoords": "offset points", "zorder": 7, "parse_math": False, "annotation_clip": False, **style,
        })  # fmt: skip
        name.set_in_layout(not self.inside)
        self.names.append((name, spots))

    def draw(self, renderer: Any) -> None:
        """Place the names; they draw themselves."""
        taken = [
            box
            for other in _others(self)
            for name, _ in other.names
            if (box := _box(name, renderer)) is not None
        ]
        around = self.axes.bbox if self.inside else self.axes.figure.bbox
        points = (
            np.zeros((0, 2)) if self.points is None else np.array([_seen(self.axes, p) for p in self.points])
        )
        points, all_placed = self.axes.transData.transform(points.reshape(-1, 2)), True
        for name, spots in self.names:
            free: list[tuple[int, int, Any, Any, Bbox]] = []
            for place, shift in spots:
                _move(name, _seen(self.axes, place), shift)
                box = _box(name, renderer)
                if box is not None and _fits(box, around) and not any(_meet(box, other) for other in taken):
                    free.append((int(box.count_contains(points)), len(free), place, shift, box))
                    if not free[-1][0]:
                        break
            name.set_visible(bool(free))
            all_placed &= bool(free)
            if free:
                _, _, place, shift, box = min(free, key=lambda spot: spot[:2])
                _move(name, _seen(self.axes, place), shift)
                taken.append(box)
        if self.whole and not all_placed:
            for name, _ in self.names:
                name.set_visible(False)


def _others(labels: Labels) -> list[Labels]:
    """The names of the same axes that were placed before."""
    found = [artist for artist in labels.axes.artists if isinstance(artist, Labels)]
    return found[: found.index(labels)]


def _seen(ax: Any, place: np.ndarray) -> tuple[float, float]:
    """Where a place is on the sheet, in the coordinates of the data."""
    if len(place) == 2:
        return float(place[0]), float(place[1])
    from mpl_toolkits.mplot3d.proj3d import proj_transform

    across, up, _ = proj_transform(*place, ax.get_proj())
    return float(across), float(up)


def _move(name: Annotation, place: tuple[float, float], shift: Sequence[float]) -> None:
    name.set_visible(True)
    name.xy = place
    name.set_position((float(shift[0]), float(shift[1])))
    if any(shift):
        name.set_horizontalalignment(("right", "center", "left")[1 + int(np.sign(shift[0]))])
        name.set_verticalalignment(("top", "center", "bottom")[1 + int(np.sign(shift[1]))])


def _box(text: Text, renderer: Any) -> Bbox | None:
    """What a text covers, in pixels, with the plate behind it; None where it is not seen."""
    if not text.get_visible():
        return None
    if isinstance(text, Annotation):
        text.update_positions(renderer)
    box, plate = Text.get_window_extent(text, renderer), text.get_bbox_patch()
    if plate is None:
        return box
    text.update_bbox_position_size(renderer)
    return Bbox.union([box, plate.get_window_extent(renderer)])


def _fits(box: Bbox, around: Bbox) -> bool:
    return (
        around.x0 - ROOM <= box.x0
        and box.x1 <= around.x1 + ROOM
        and around.y0 - ROOM <= box.y0
        and box.y1 <= around.y1 + ROOM
    )


def _meet(box: Bbox, other: Bbox) -> bool:
    return box.padded(ROOM).overlaps(other)


class _Ticks(Artist):
    """Leaves out the names of ticks that would cover the one before."""

    axes: Any

    def __init__(self, ax: Axes, axis: str):
        super().__init__()
        self.axis = axis
        self.set_zorder(-np.inf)
        self.set_in_layout(False)
        ax.add_artist(self)

    def draw(self, renderer: Any) -> None:
        last: Bbox | None = None
        for label in getattr(self.axes, f"get_{self.axis}ticklabels")():
            label.set_visible(True)
            box = label.get_window_extent(renderer)
            label.set_visible(last is None or not _meet(box, last))
            last = box if label.get_visible() else last


def thin_ticks(ax: Axes, axis: str = "x") -> None:
    """Let ticks that stand close keep the names that can be read.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    axis : {"x", "y"}
    """
    _Ticks(ax, axis)


def make_legible(figure: Any) -> None:
    """Give each text of a figure fonts for all of its letters, and spell out those that no font has."""
    for text in figure.findobj(Text):
        fonts, spelling = _fonts_for(text.get_text(), text.get_fontproperties())
        if fonts:
            text.set_fontfamily(fonts)
            text.set_text(spelling)
    for ax in figure.findobj(Axes):
        for axis in (ax.xaxis, ax.yaxis):
            locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
            if isinstance(locator, FixedLocator):  # ticks ask it for their names whenever they are drawn
                places = list(locator.tick_values(0, 0))
                fonts, spelling = _fonts_for("\n".join(map(formatter, places)), FontProperties())
                if fonts:
                    axis.set_tick_params(labelfontfamily=fonts)
                    axis.set_ticks(places, labels=spelling.split("\n"), parse_math=False)


def _fonts_for(text: str, font: FontProperties) -> tuple[list[str], str]:
    """The families with which a text can be drawn, none if its own will do, and how it is then written."""
    lacking = set() if text.isascii() else {c for c in text if not c.isspace()} - _letters_of(font)
    if not lacking:
        return [], text
    families = [*font.get_family()]
    for name, path in _installed():
        letters = lacking & _letters_in(path)
        if letters:
            families.append(name)
            lacking -= letters
        if not lacking:
            break
    return families, "".join(
        c.encode("ascii", "backslashreplace").decode() if c in lacking else c for c in text
    )


def _letters_of(font: FontProperties) -> frozenset[str]:
    """The letters of the fonts that matplotlib takes for these properties: one for each family that is installed."""
    found = []
    for family in font.get_family():
        one = font.copy()
        one.set_family(family)
        found.append(_letters_in(findfont(one)))
    return frozenset().union(*found)


@cache
def _letters_in(path: str) -> frozenset[str]:
    return frozenset(map(chr, get_font(path).get_charmap()))


def _installed() -> list[tuple[str, str]]:
    """Family and path of each regular font, by name; not the one that has a box for every letter."""
    fonts = {entry.name: entry.fname for entry in fontManager.ttflist if entry.style == "normal"}
    return sorted((name, path) for name, path in fonts.items() if not name.startswith(LAST_RESORT))
