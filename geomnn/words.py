"""How samples and features are called wherever people read of them: rows count from 0, features have names.

A sample is "row 3" in a sentence and x3 in a formula. A feature is called by its name; without one it is "feature 3"
in a sentence and feature3 in a formula, counted from 1 as its axis e3 is. So x3 is a sample, and never a feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geomnn.checker.digits import printable
from geomnn.errors import OptionError

__all__ = ["STAR", "Readable", "feature_words", "listed", "rows_listed"]

STAR = "⋆"  # the dual, in every name and picture
MANY_FEATURES = (
    10  # from which on axes would fill a name, which people read by the features of its weight instead
)
MOST_JOINED = 4  # features in a sum that is written out
# relative to the largest weight, up to which one is none: above what rounding leaves of a wedge, and below the weight
# of a feature of size 1e6 beside one of 1e-6
ROUNDED_AWAY = 1e-14
MOST_LISTED = 8  # things in a sentence; of more the first three are said, and how many there are


def feature_words(d: int, names: Sequence[str] | None = None, number: str = "feature {}") -> list[str]:
    """What d features are called: by their names, in letters that can be shown, or by numbers from 1.

    Parameters
    ----------
    d : int
    names : sequence of str, optional
        One a feature.
    number : str
        How one without a name is called.

    Raises
    ------
    OptionError
        If there are more names, or fewer.
    """
    if names is None:
        return [number.format(k) for k in range(1, d + 1)]
    if isinstance(names, str) or len(names) != d:
        given = f"the text {names!r}" if isinstance(names, str) else f"{len(names)} names"
        raise OptionError(f"feature_names is {given}; a list of {d} was expected, a name for each feature.")
    return [printable(str(name)) for name in names]


def listed(words: Sequence[object], things: str) -> str:
    """Words as in a sentence, "a, b and c"; of many the first ones and their number: "a, b, c, … (12 rows)".

    Parameters
    ----------
    words : sequence
    things : str
        What they are, in the plural.
    """
    texts = [*map(str, words)]
    if len(texts) > MOST_LISTED:
        return f"{', '.join(texts[:3])}, … ({len(texts)} {things})"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def rows_listed(rows: Sequence[int]) -> str:
    """ "row 3", or "rows 22 and 160"."""
    return f"row{'s' * (len(rows) > 1)} {listed(rows, 'rows')}"


class Readable:
    """What people read of an `Atom`: the names of features and the numbers of rows."""

    weight: np.ndarray
    samples: tuple[int, ...]
    directions: tuple[Any, ...]
    orientation: int
    anchored: bool

    def describe(self, feature_names: Sequence[str] | None = None) -> str:
        """What the neuron does, in words: which features it rises and falls with, and which rows it bends through.

        The features are all whose weight is not zero, the rows all of its name: they lie on its hyperplane.

        Parameters
        ----------
        feature_names : sequence of str, optional
            As many as there are weights; "feature 1" and so on if not given. Rows count from 0.

        Raises
        ------
        OptionError
            If there are more names, or fewer.

        Examples
        --------
        >>> import geomnn as gm
        >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0]
        >>> gm.derive(X, y, reg=0.15).network.neurons[0].atom.describe(["bmi", "age"])
        'falls with bmi, rises with age, bends through rows 0 and 3'
        """
        names, weights = self._feature_words(feature_names), self.weight.tolist()
        none = 0 if self.weight.dtype == object else ROUNDED_AWAY * max(map(abs, weights))
        moves: dict[bool, list[str]] = {}
        for name, w in zip(names, weights, strict=True):
            if abs(w) > none:
                moves.setdefault(bool(w > 0), []).append(name)
        parts = [f"{'rises' if up else 'falls'} with {listed(moves[up], 'features')}" for up in moves]
        bend = listed(self._bends(), "places")
        joint = [[names[k] for k, _ in part] for part in self.sums() if len(part) > 1]
        alike = [listed(group, "features") for group in joint if len(group) < sum(map(len, moves.values()))]
        sizes = f"; of one size are the weights of {', and of '.join(alike)}" if alike else ""
        sizes = "; with weights of one size" if joint and not alike else sizes
        return ", ".join([*parts, f"bends through {bend}"] if bend else parts) + sizes + self._rest()

    def _feature_words(self, names: Sequence[str] | None, number: str = "feature {}") -> list[str]:
        """What the features are called that it has weights of."""
        return feature_words(len(self.weight), names, number)

    def _bends(self) -> list[str]:
        """Where its hyperplane goes through, in words."""
        return ["the origin"] * (not self.anchored) + [rows_listed(self.samples)] * bool(self.samples)

    def _rest(self) -> str:
        """What else there is to say."""
        return ""

    def sums(self) -> list[list[tuple[int, int]]]:
        """The sums of features ± x_k that the neuron is a function of, as pairs (k, ±1): in a sum |w_k| is the same.

        Its directions e_l leave a feature out, and e_l ± e_m put two of them into one sum.
        """
        joined: dict[int, list[tuple[int, int]]] = {}
        out = {e.first for e in self.directions if not e.sign}
        for e in self.directions:
            if e.sign:
                joined.setdefault(e.first, []).append((e.second, -e.sign))
                joined.setdefault(e.second, []).append((e.first, -e.sign))
        found, seen = [], dict[int, int]()
        for k in range(len(self.weight)):
            if k in seen:
                continue
            part, vanishes, seen[k] = [k], False, 1
            for at in part:  # which grows on the way
                vanishes = vanishes or at in out
                for m, sign in joined.get(at, ()):
                    if m not in seen:
                        seen[m] = sign * seen[at]
                        part.append(m)
                    vanishes = vanishes or seen[m] != sign * seen[at]
            if not vanishes:
                found.append([(at, seen[at]) for at in sorted(part)])
        return found

    def factored(
        self,
        feature_names: Sequence[str] | None,
        number: str = "feature{}",
        joint: tuple[str, str] = (" + ", " − "),
    ) -> tuple[int, list[str]] | None:
        """The orientation and the factors of the wedge of features that it is, ±⋆(k_S ∧ 1)[x_J], where that is how
        people read it: in many features, some of which axes leave out. None where the name is as short.

        Parameters
        ----------
        feature_names : sequence of str, optional
        number : str
            How a feature without a name is called.
        joint : tuple of str
            What stands before a feature that is added to others, and before one that is subtracted.
        """
        if len(self.weight) < MANY_FEATURES or not self.directions:
            return None
        names, sums = self._feature_words(feature_names, number), self.sums()
        columns = [_joined([names[k] for k, _ in part], [sign for _, sign in part], joint) for part in sums]
        return self.orientation * self._turn(sums), columns + ["1"] * self.anchored

    def _turn(self, sums: list[list[tuple[int, int]]]) -> int:
        """The sign of det[sums, directions], which a wedge of directions is more than one of sums."""
        if not any(e.sign for e in self.directions):
            out = {e.first for e in self.directions}
            before = 0  # axes that a feature in use has to pass
            swaps = 0
            for k in range(len(self.weight)):
                before += k in out
                swaps += 0 if k in out else before
            return -1 if swaps % 2 else 1
        rows = np.zeros((len(sums), len(self.weight)))
        for row, part in zip(rows, sums, strict=True):
            row[[k for k, _ in part]] = [sign for _, sign in part]
        vectors = [e.vector(len(self.weight)) for e in self.directions]
        return int(np.sign(np.linalg.slogdet(np.vstack([rows, *vectors]))[0]))

    def label(self, feature_names: Sequence[str] | None = None) -> str:
        """The name as people read it: that of ``str``; in ten features or more, where axes would fill it, the wedge of
        the features that its weight depends on at the samples, +⋆(bmi ∧ s5 ∧ 1)[x22, x160].

        Parameters
        ----------
        feature_names : sequence of str, optional
            As in `describe`; feature1 and so on if not given.

        Source: geomnn theory, section 7, equation (3), of the table of samples.
        """
        factored = self.factored(feature_names)
        return str(self) if factored is None else _at_samples(*factored, self.samples)


def _joined(names: Sequence[str], signs: Sequence[int], joint: tuple[str, str]) -> str:
    """A sum of features, in parentheses; of a long one the beginning and the end."""
    if len(names) == 1:
        return names[0]
    terms = [joint[sign < 0] + name for name, sign in zip(names, signs, strict=True)]
    if len(terms) > MOST_JOINED:
        terms = [*terms[:2], f"{joint[0]}…", terms[-1]]
    return f"({''.join(terms).removeprefix(joint[0])})"


def _at_samples(orientation: int, columns: list[str], samples: tuple[int, ...]) -> str:
    """±⋆(k_S ∧ 1)[x_J], or ±k."""
    sign = "+" if orientation > 0 else "−"
    if len(columns) == 1:
        return f"{sign}{columns[0]}"
    return f"{sign}{STAR}({' ∧ '.join(columns)})[{', '.join(f'x{j}' for j in samples)}]"
