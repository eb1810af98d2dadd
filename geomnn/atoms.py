"""Atoms: unit neurons that are named by the samples they are made of.

A unit neuron u = (w, b), ‖w‖_p = 1, is a *wedge* of samples and directions,

    w = ± ⋆(x_{j_1} ∧ … ∧ x_{j_s} ∧ e_l ∧ …) / ‖·‖_p                              without bias,
    w = ± ⋆((x_{j_1} − x_a) ∧ … ∧ e_l ∧ …) / ‖·‖_p,   b = −w·x_a                   with bias,

or, for p = 2, a *partial wedge* whose remaining freedom is fixed by the residual v,

    w = ± reject(g, B) / ‖·‖_2,   g = Σ_{i active} v_i (x_i − x_a),   B = (x_{j_1} − x_a) ∧ …

Source: geomnn theory, sections 1 and 2, equations (1), (2) and (2b).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby
from typing import Any, Self

import numpy as np

from geomnn.norms import Direction
from geomnn.numbers.rationals import short_number
from geomnn.words import STAR, Readable, listed, rows_listed

__all__ = ["AsideWedge", "Atom", "FeatureWedge", "MergedWedge", "MovedWedge", "PartialWedge"]

# x_a + t (x_m − x_a) in signs, from x_a, x_m and a minus sign, and in words
ASIDE = {Fraction(-1): "2{0} {2} {1}", Fraction(1, 2): "({0} + {1})/2"}
ASIDE_WORDS = {
    Fraction(-1): "the mirror image of row {1} about row {0}",
    Fraction(1, 2): "the middle between rows {0} and {1}",
}


@dataclass(frozen=True)
class Atom(Readable):
    """A unit neuron u = (w, b), ‖w‖_p = 1, and the wedge that it is.

    Parameters
    ----------
    weight : ndarray, shape (d,)
        w; of an exact network an array of Fractions (p = 2: of SymPy numbers).
    bias : float, Fraction or SymPy number
        b = −w·x_a in the coordinates of X; 0 without bias.
    samples : tuple of int
        Rows of X on the hyperplane of the atom that span it; with bias the last one is the anchor a.
    directions : tuple of Direction
        The directions that complete the span.
    orientation : int
        +1 or -1, the sign in front of ⋆, or of g.
    anchored : bool
        Whether the atom has a bias.
    norm : float
        p.

    Source: geomnn theory, section 1, equation (1).
    """

    weight: np.ndarray = field(compare=False)
    bias: Any = field(compare=False)
    samples: tuple[int, ...]
    directions: tuple[Direction, ...]
    orientation: int
    anchored: bool
    norm: float

    @property
    def support(self) -> tuple[int, ...]:
        """The features S that the neuron depends on: those whose direction is not wedged."""
        wedged = {e.first for e in self.directions if not e.sign}
        return tuple(k for k in range(len(self.weight)) if k not in wedged)

    @property
    def place(self) -> tuple[Any, ...]:
        """Where the name stands in the order of names: by samples, directions and orientation."""
        return self.samples, self.directions, (), -self.orientation, ()

    def among(self, features: Sequence[int]) -> Atom:
        """The same neuron over some of the features, those that it depends on among them, in another order."""
        place = {k: position for position, k in enumerate(features)}
        directions = tuple(sorted(Direction(place[e.first]) for e in self.directions if e.first in place))
        columns = [place[k] for k in self.support]
        swaps = sum(
            a > b for k, a in enumerate(columns) for b in columns[k + 1 :]
        )  # of a determinant's columns
        orientation, weight = (-1) ** swaps * self.orientation, self.weight[list(features)]
        return replace(self, weight=weight, directions=directions, orientation=orientation)

    @property
    def is_partial(self) -> bool:
        """Whether the residual has a say in the weight (p = 2 only)."""
        return isinstance(self, PartialWedge)

    @property
    def anchor(self) -> int | None:
        """The row a with b = −w·x_a, None without bias."""
        return self.samples[-1] if self.anchored else None

    def point(self, sample: Callable[[int], str] = "x{}".format, minus: str = "−") -> str:
        """The point that the bias comes from in the spelling of text or of any other notation: x4, or 2x4 − x0."""
        return self.spanning(-1, sample)

    @property
    def points(self) -> tuple[Any, ...]:
        """The points that span it, by their samples."""
        return self.samples

    def spanning(self, position: int, sample: Callable[[int], str]) -> str:
        """One of these points in the spelling of text or of any other notation."""
        return sample(self.samples[position])

    def numeric(self) -> Self:
        """The atom with its weight and bias in float64."""
        return replace(self, weight=self.weight.astype(float), bias=float(self.bias))

    def factors(
        self,
        sample: Callable[[int], str] = "x{}".format,
        difference: Callable[[str, str], str] = "({} − {})".format,
        direction: Callable[[Direction], str] = str,
    ) -> list[str]:
        """The vectors that are wedged, in order, in the spelling of text or of any other notation.

        Parameters
        ----------
        sample, difference, direction : callable
            How x_j, a difference of two samples and a direction are written.
        """
        rows = [self.spanning(k, sample) for k in range(len(self.samples))]
        if self.anchored:
            rows = [difference(row, rows[-1]) for row in rows[:-1]]
        return rows + [direction(e) for e in self.directions]

    def to_latex_factors(self) -> list[str]:
        """The vectors that are wedged, in order, as LaTeX."""
        return self.factors("x_{{{}}}".format, "({} - {})".format, Direction.to_latex)

    def __str__(self) -> str:
        """The name."""
        at = f" at {self.point()}" if self.anchored else ""
        return f"{'+' if self.orientation > 0 else '−'}{self._blade()}{at}"

    def _blade(self) -> str:
        """The name without its sign and the anchor."""
        blade = " ∧ ".join(self.factors())
        return f"{STAR}{blade if len(self.factors()) == 1 else f'({blade})' if blade else '1'}"

    def to_latex(self) -> str:
        r"""The weight as LaTeX, before it is normalised: \star((x_{3} - x_{7}) \wedge e_{1})."""
        blade = r" \wedge ".join(self.to_latex_factors())
        return rf"\star({blade})" if blade else r"\star 1"


@dataclass(frozen=True)
class PartialWedge(Atom):
    """An atom for p = 2 through fewer samples than span a hyperplane: w = ± reject(g, B)/‖·‖_2, the residual's part.

    Parameters
    ----------
    active : sequence of int
        The samples i on its positive side, whose residuals v_i make g = Σ v_i (x_i − x_a).
    outputs : int
        Columns of the residual: with more than one, the rejection is a matrix and w its top left singular vector.

    Source: geomnn theory, section 2, equations (2) and (2b).
    """

    active: Sequence[int]
    outputs: int = 1

    @property
    def place(self) -> tuple[Any, ...]:
        return *super().place[:-1], self.active

    def _blade(self) -> str:
        residual, blade = f"{self._residual}[{_ranges(self.active)}]", " ∧ ".join(self.factors())
        rejected = f"reject({residual}, {blade})" if blade else residual
        return rejected if self.outputs == 1 else f"svd1({rejected})"

    def to_latex(self) -> str:
        active = _ranges(self.active, r"\text{--}", r"\ldots")
        residual, blade = f"{self._residual}_{{{active}}}", r" \wedge ".join(self.to_latex_factors())
        rejected = rf"\operatorname{{reject}}({residual},\, {blade})" if blade else residual
        return rejected if self.outputs == 1 else rf"\operatorname{{svd}}_1\!\left({rejected}\right)"

    def _rest(self) -> str:
        return f"; turned by the residuals of {'row' if len(self.active) == 1 else 'rows'} {_ranges(self.active)}"

    @property
    def _residual(self) -> str:
        return "g" if self.outputs == 1 else "G"


@dataclass(frozen=True)
class FeatureWedge(Atom):
    """An atom over features k_0, k_1, … of hidden layers below: w_S = ± ×(K_{j,S} : j ∈ J)/‖·‖_1 on a few of them, S.

    With a bias next to the column of ones. Its name wedges these columns at the samples J: ⋆(k3 ∧ k9)[x2].

    Parameters
    ----------
    level : int
        l > 1 for one above l − 1 hidden layers.

    Source: geomnn theory, section 7, equation (3).
    """

    level: int

    def __str__(self) -> str:
        """±⋆(k_S)[x_J]; one feature alone is passed through."""
        return self.label()

    def _feature_words(self, names: Sequence[str] | None, number: str = "") -> list[str]:
        """k0, k1, … if they have no names; what they are stands in the layer below."""
        primes = "′" * (self.level - 2)
        numbered = (f"k{primes}{k}" for k in range(len(self.weight)))
        return [*numbered] if names is None else super()._feature_words(names)

    def factored(
        self,
        feature_names: Sequence[str] | None,
        number: str = "feature{}",
        joint: tuple[str, str] = (" + ", " − "),
    ) -> tuple[int, list[str]]:
        """Its orientation, which is one of these factors alone, and they."""
        names = self._feature_words(feature_names)
        return self.orientation, [names[k] for k in self.support] + ["1"] * self.anchored


@dataclass(frozen=True)
class AsideWedge(Atom):
    """An atom whose hyperplane passes through x_a + t (x_m − x_a) and not through the anchor.

    Parameters
    ----------
    aside : tuple of int and Fraction
        (m, t): with t = −1 that is the reflection 2x_a − x_m of sample m about it, with t = ½ the midpoint of the two.

    Source: geomnn theory, section 7.
    """

    aside: tuple[int, Fraction]

    @property
    def place(self) -> tuple[Any, ...]:
        return self.samples, self.directions, self.aside, -self.orientation, ()

    def _bends(self) -> list[str]:
        return [ASIDE_WORDS[self.aside[1]].format(self.samples[-1], self.aside[0])]

    def point(self, sample: Callable[[int], str] = "x{}".format, minus: str = "−") -> str:
        other, share = self.aside
        return ASIDE[share].format(sample(self.samples[-1]), sample(other), minus)


@dataclass(frozen=True)
class MovedWedge(Atom):
    """An atom through samples that were moved, x_j + δ, as a robust program has them.

    Parameters
    ----------
    moves : tuple of tuples of float
        δ of each of its samples, shape (d,), zeros for one that stays.

    Source: geomnn theory, section 12.
    """

    moves: tuple[tuple[float, ...], ...]

    @property
    def place(self) -> tuple[Any, ...]:
        return *super().place[:-1], self.moves

    @property
    def points(self) -> tuple[Any, ...]:
        return tuple(zip(self.samples, self.moves, strict=True))

    def spanning(self, position: int, sample: Callable[[int], str]) -> str:
        name, move = super().spanning(position, sample), self.moves[position]
        return f"({name} + ({', '.join(map(short_number, move))}))" if any(move) else name

    def factored(self, *_: Any, **__: Any) -> None:
        return None  # features at samples say nothing of moves

    def _bends(self) -> list[str]:
        stay = [j for j, move in zip(self.samples, self.moves, strict=True) if not any(move)]
        moved = [
            f"{self.spanning(k, 'row {}'.format)[1:-1]}" for k, move in enumerate(self.moves) if any(move)
        ]
        return ["the origin"] * (not self.anchored) + [rows_listed(stay)] * bool(stay) + moved


@dataclass(frozen=True)
class MergedWedge(Atom):
    """A unit neuron between atoms that no sample tells apart, u = Σ_k c_k u_k, c_k > 0, ‖w‖_p = 1.

    Σ_k c_k = 1 where it is as good as its parts, and more where it is better.

    Parameters
    ----------
    samples : tuple of int
        Those that all its parts have in common.
    parts : tuple of (c_k, Atom)

    Source: geomnn theory, section 10.
    """

    parts: tuple[tuple[Any, Atom], ...]

    @classmethod
    def of(cls, parts: Sequence[tuple[Any, Atom]]) -> MergedWedge:
        """The unit neuron of its parts."""
        first = parts[0][1]
        shared = set(first.samples).intersection(*(atom.samples for _, atom in parts))
        weight = sum((share * atom.weight for share, atom in parts), 0 * first.weight)
        bias = sum((share * atom.bias for share, atom in parts), 0 * first.bias)
        name = tuple(sorted(shared)), (), 1, first.anchored, first.norm
        return cls(weight, bias, *name, parts=tuple(parts))

    @property
    def support(self) -> tuple[int, ...]:
        return tuple(sorted({k for _, atom in self.parts for k in atom.support}))

    @property
    def place(self) -> tuple[Any, ...]:
        return max(atom.place for _, atom in self.parts)

    @property
    def anchor(self) -> None:
        """No row: its hyperplane need not go through a sample."""

    def among(self, features: Sequence[int]) -> Atom:
        return MergedWedge.of([(share, atom.among(features)) for share, atom in self.parts])

    def numeric(self) -> Self:
        parts = tuple((float(share), atom.numeric()) for share, atom in self.parts)
        return replace(super().numeric(), parts=parts)

    def __str__(self) -> str:
        return " + ".join(f"{short_number(share)} ({atom})" for share, atom in self.parts)

    def label(self, feature_names: Sequence[str] | None = None) -> str:
        return " + ".join(
            f"{short_number(share)} ({atom.label(feature_names)})" for share, atom in self.parts
        )

    def sums(self) -> list[list[tuple[int, int]]]:
        """None of several features: its parts have different ones."""
        return [[(k, 1)] for k in self.support]

    def _bends(self) -> list[str]:
        return super()._bends() if self.samples or not self.anchored else []

    def _rest(self) -> str:
        bends = dict.fromkeys(listed(atom._bends(), "places") for _, atom in self.parts)
        where = (
            f", which bend through {listed([*bends], 'places')}" if len(bends) == len(self.parts) <= 3 else ""
        )
        return f"; merged of {len(self.parts)} neurons{where}"


def _ranges(rows: Sequence[int], dash: str = "–", dots: str = "…") -> str:
    """0, 1, 2, 5 as "0–2, 5"; more than six runs are cut short."""
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0])]
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}{dash}{run[-1]}" for run in runs]
    return ", ".join(parts if len(parts) <= 6 else [*parts[:3], dots, parts[-1]])
