"""A network with one output as a piecewise linear function, each of its kinks once.

    f(x) = g·x + t + Σ_j c_j (n_j·x + o_j)_+,   no two of the hyperplanes n_j·x + o_j = 0 being the same.

Neurons of one hyperplane are one kink: those of the opposite side by (−a)_+ = (a)_+ − a. A neuron of weight zero is
part of t, and kinks whose neurons cancel are none. So cells are those of f, however its neurons are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from geomnn import norms
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.numbers.rationals import exact_number

__all__ = ["ALIKE", "Pieces", "check_network", "pieces_of", "plain", "plain_number", "rationals"]

# relative to the size of what is compared, up to which two hyperplanes are the same, or three lines meet in one point:
# above the rounding of wedges, and that of TOLERANCE in dictionaries.geometry.arrangement
ALIKE = 1e-11
# how much farther than the middle of them the hyperplanes may be that tell how large the offsets are
FARTHER = 1e3
# numbers in a block of points times lines
AT_ONCE = 2**16


@dataclass(frozen=True, eq=False)
class Pieces:
    """f(x) = g·x + t + Σ_j c_j (n_j·x + o_j)_+, all in float64 or all in FLINT's rationals.

    Parameters
    ----------
    slope : ndarray, shape (d,)
        g.
    constant : float or fmpq
        t.
    jumps : ndarray, shape (k,)
        c_j, none of them zero.
    normals : ndarray, shape (k, d)
        n_j; in float64 ‖n_j‖_2 = 1.
    offsets : ndarray, shape (k,)
        o_j.
    neurons : tuple of tuples of int
        For each kink the neurons that have it.
    """

    slope: np.ndarray
    constant: Any
    jumps: np.ndarray
    normals: np.ndarray
    offsets: np.ndarray
    neurons: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls, weights: np.ndarray, biases: np.ndarray, outer: np.ndarray, slope: np.ndarray, constant: Any
    ) -> Pieces:
        """g·x + t + Σ_j α_j (w_j·x + b_j)_+, whatever the neurons are.

        Parameters
        ----------
        weights : ndarray, shape (m, d)
        biases, outer : ndarray, shape (m,)
        slope : ndarray, shape (d,)
        constant : float or fmpq
        """
        flat = ~(weights != 0).any(axis=1)
        constant = constant + (outer[flat] * np.maximum(biases[flat], 0)).sum()
        rows = np.flatnonzero(~flat)
        lengths = _lengths(weights[rows])
        normals, offsets = weights[rows] / lengths[:, None], biases[rows] / lengths
        jumps, neurons, kept = outer[rows] * lengths, [], []
        for first, alike, sides in _same(normals, offsets):
            against = alike[sides < 0]
            slope = slope - jumps[against].sum() * normals[first]
            constant = constant - jumps[against].sum() * offsets[first]
            total, size = jumps[alike].sum(), np.abs(jumps[alike]).sum()
            # rounding alone is no kink
            if total != 0 if jumps.dtype == object else abs(total) > ALIKE * size:
                kept.append((first, total))
                neurons.append(tuple(rows[alike].tolist()))
        firsts = np.array([first for first, _ in kept], dtype=int)
        jumps = np.array([total for _, total in kept], dtype=weights.dtype)
        return cls(slope, constant, jumps, normals[firsts], offsets[firsts], tuple(neurons))

    @property
    def exact(self) -> bool:
        """Whether the numbers are rationals."""
        return self.normals.dtype == object

    @property
    def extent(self) -> Any:
        """How large the offsets are, but for hyperplanes that are far from all others; what rounding is relative to."""
        return _extent(self.offsets)

    def __len__(self) -> int:
        return len(self.jumps)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """f at every row, shape (m, d) → (m,)."""
        step = max(AT_ONCE // max(len(self), 1), 1)
        blocks = [points[k : k + step] for k in range(0, max(len(points), 1), step)]
        bent = [np.maximum(block @ self.normals.T + self.offsets, 0) @ self.jumps for block in blocks]
        return points @ self.slope + self.constant + np.concatenate(bent)

    def sides(self, points: np.ndarray) -> np.ndarray:
        """Whether n_j·x + o_j > 0, shape (m, d) → (m, k)."""
        return np.asarray(points @ self.normals.T + self.offsets > 0)

    def slopes(self, sides: np.ndarray) -> np.ndarray:
        """The gradient of f on cells that are on these sides, shape (m, k) → (m, d)."""
        return self.slope + np.where(sides, self.jumps, 0) @ self.normals

    def constants(self, sides: np.ndarray) -> np.ndarray:
        """What is added to slope·x there, shape (m, k) → (m,)."""
        return self.constant + np.where(sides, self.jumps, 0) @ self.offsets

    def rounding(self, points: np.ndarray) -> np.ndarray:
        """What rounding may add to f at every row; 0 for rationals."""
        if self.exact:
            return np.zeros(len(points), dtype=object)
        terms = np.abs(points) @ np.abs(self.normals).T + np.abs(self.offsets)
        size = np.abs(points) @ np.abs(self.slope) + abs(self.constant) + terms @ np.abs(self.jumps)
        return (len(self.slope) + len(self) + 2) * np.finfo(float).eps * size

    def level_rounding(self, points: np.ndarray) -> np.ndarray:
        """What rounding may add to n_j·x + o_j at every row, shape (m, k); 0 for rationals."""
        if self.exact:
            return np.zeros((len(points), len(self)), dtype=object)
        terms = np.abs(points) @ np.abs(self.normals).T + np.abs(self.offsets)
        return (len(self.slope) + 2) * np.finfo(float).eps * terms

    def moved(self, centre: np.ndarray, scale: np.ndarray) -> Pieces:
        """δ ↦ f(centre + scale ∘ δ): what is asked of a box is asked of a cube about 0."""
        weights, biases = self.normals * scale, self.offsets + self.normals @ centre
        constant = self.constant + self.slope @ centre
        return Pieces.of(weights, biases, self.jumps, self.slope * scale, constant)

    def about(self, point: np.ndarray, eps: Any) -> Pieces:
        """δ ↦ f(point + eps δ), eps > 0: what is asked of a ball is asked of the unit ball."""
        return Pieces(
            self.slope * eps, self.constant + self.slope @ point, self.jumps * eps, self.normals,
            (self.offsets + self.normals @ point) / eps, self.neurons,
        )  # fmt: skip

    def times(self, sign: Any) -> Pieces:
        """sign · f."""
        return Pieces(self.slope * sign, self.constant * sign, self.jumps * sign, self.normals, self.offsets,
                      self.neurons)  # fmt: skip

    def on_ball(self, r: float) -> Pieces:
        """The same function where ‖x‖_r ≤ 1, in float64, with those kinks alone that are there."""
        reach = norms.ball(r).dual_length(self.normals)
        return self.folded(self.offsets - reach, self.offsets + reach)

    def sum_bound(self, r: float) -> float:
        """A bound of f from below on the unit ball, of kinks that are there (`on_ball`), each kink by itself."""
        size, pulls = norms.ball(r).dual_length, self.jumps < 0
        most = self.offsets[pulls] + size(self.normals[pulls])
        return float(self.constant - size(self.slope) + self.jumps[pulls] @ most)

    def steepest(self, r: float) -> float:
        """A bound of ‖∇f‖ in the dual of ‖·‖_r, by the triangle inequality."""
        size = norms.ball(r).dual_length
        return float(size(self.slope) + np.abs(self.jumps) @ size(self.normals))

    def numeric(self) -> Pieces:
        """The same in float64."""
        if not self.exact:
            return self
        every = (self.normals, self.offsets, self.jumps, self.slope, np.array([self.constant]))
        normals, offsets, jumps, slope, constant = (plain(part).astype(float) for part in every)
        return Pieces.of(normals, offsets, jumps, slope, float(constant[0]))

    def folded(self, low: np.ndarray, high: np.ndarray) -> Pieces:
        """The same function where low_j ≤ n_j·x + o_j ≤ high_j, (k,) each: without the kinks that are not there."""
        on, kept = low >= 0, np.flatnonzero((low < 0) & (high > 0))
        return Pieces(
            self.slopes(on[None])[0], self.constants(on[None])[0], self.jumps[kept], self.normals[kept],
            self.offsets[kept], tuple(self.neurons[j] for j in kept),
        )  # fmt: skip

    def in_the_plane(self) -> Pieces:
        """Itself; of one feature the same function of two, of which the second has no effect."""
        if len(self.slope) == 2:
            return self
        none = np.zeros((len(self), 1), dtype=int)
        return Pieces(
            np.append(self.slope, 0), self.constant, self.jumps, np.hstack([self.normals, none]),
            self.offsets, self.neurons,
        )  # fmt: skip


def pieces_of(net: Any, contrast: np.ndarray | None = None) -> Pieces:
    """A network as a function of the columns as they are; rationals where it is exact in them.

    Parameters
    ----------
    net : AnalyticNetwork
    contrast : ndarray, shape (c,), optional
        Which sum of the outputs; the output itself if not given.

    Raises
    ------
    OptionError
        If it is no network.
    UnsupportedProblem
        If it has more than one hidden layer, or several outputs without a contrast.
    """
    check_network(net)
    if net.outputs is not None and contrast is None:
        raise UnsupportedProblem(
            f"The network has {net.outputs} outputs; one was expected: gm.robustness takes several, of classes."
        )
    if net.exact and (parts := _rational_parts(net)) is not None:
        return Pieces.of(*parts)
    (weights, biases), (outer, intercept) = net.layers
    mix = np.ones(1) if contrast is None else contrast
    biases, intercept = (
        np.zeros(size) if given is None else given
        for given, size in ((biases, len(weights)), (intercept, len(outer)))
    )
    return Pieces.of(weights, biases, mix @ outer, np.zeros(net.features), float(mix @ intercept))


def check_network(net: Any) -> None:
    """Refuse what is no network of one hidden layer."""
    if not hasattr(net, "arrays"):
        raise OptionError(
            f"net is {type(net).__name__}; an AnalyticNetwork was expected: give solution.network, of an estimator of "
            "geomnn model.solution_.network, or of another model gm.rewrite(model, X).network."
        )
    if net.below:
        raise UnsupportedProblem(
            f"The network has {1 + len(net.below)} hidden layers; cells are formed of one: derive it with depth=2."
        )


def _rational_parts(net: Any) -> tuple[Any, ...] | None:
    """Neurons z (u·x̃)_+ in rationals, None where there are square roots in them (p = 2)."""
    numbers = [net.intercept]
    for neuron in net.neurons:
        numbers += [*neuron.atom.weight, neuron.atom.bias, neuron.coefficient]
    if not all(isinstance(number, int | Fraction) or number.is_Rational for number in numbers):
        return None
    table = rationals([numbers[1:]]).reshape(len(net.neurons), net.features + 2)
    none = rationals([[0] * net.features])[0]
    return table[:, :-2], table[:, -2], table[:, -1], none, rationals([[net.intercept]])[0, 0]


def rationals(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """A table of exact numbers as FLINT's, floats as their shortest decimal."""
    from geomnn.numbers.roots import rational  # which loads FLINT and SymPy

    table = np.empty((len(rows), len(rows[0]) if len(rows) else 0), dtype=object)
    for place in np.ndindex(table.shape):
        table[place] = rational(exact_number(rows[place[0]][place[1]], "A number"))
    return table


def plain(numbers: np.ndarray) -> np.ndarray:
    """FLINT's numbers as Fractions, floats as they are, none of them -0.0."""
    if numbers.dtype != object:
        return numbers + 0
    return np.asarray(np.frompyfunc(_whole_or_not, 1, 1)(numbers), dtype=object)


def _whole_or_not(number: Any) -> Fraction:
    return Fraction(number) if isinstance(number, int) else plain_number(number)


def plain_number(number: Any) -> Any:
    """One of FLINT's numbers as a Fraction, floats as Python's and none as -0.0, others as they are."""
    if type(number).__name__ == "fmpq":
        return Fraction(int(number.p), int(number.q))
    return float(number) + 0.0 if isinstance(number, float | np.floating | np.integer) else number


def _lengths(weights: np.ndarray) -> np.ndarray:
    """Euclidean lengths of rows; of rationals, which have none, the size of the first entry that is not zero."""
    if weights.dtype != object:
        return np.asarray(np.linalg.norm(weights, axis=1))
    sizes = [next(abs(entry) for entry in row if entry != 0) for row in weights]
    return np.array(sizes, dtype=object)


def _extent(offsets: np.ndarray) -> Any:
    if offsets.dtype == object:
        return 0
    sizes = np.abs(offsets[offsets != 0])
    return float(np.minimum(sizes, FARTHER * np.median(sizes)).max()) if len(sizes) else 0.0


def _same(normals: np.ndarray, offsets: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """The sets of equal hyperplanes: the first of each, all of it, and on which side they are of the first (±1)."""
    exact = normals.dtype == object
    turned, near = (0, 0) if exact else (ALIKE, ALIKE * np.maximum(_extent(offsets), np.abs(offsets)))
    found, left, near = [], np.arange(len(normals)), np.broadcast_to(near, len(normals))
    while len(left):
        first = left[0]
        sides = np.where((normals[left] * normals[first]).sum(axis=1) > 0, 1, -1)
        apart = np.abs(normals[left] - sides[:, None] * normals[first]).max(axis=1)
        shift = np.abs(offsets[left] - sides * offsets[first])
        alike = (apart <= turned) & (shift <= near[first])
        found.append((int(first), left[alike], sides[alike]))
        left = left[~alike]
    return found
