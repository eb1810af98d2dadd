"""Sequential blocks: h_1 = (B_1(X))_+, h_2 = (B_2(h_1))_+, …, f = B_L(h_{L−1}), every B a network of one hidden layer.

    minimise  L(f(X), y) + (reg/2) Σ over the hidden neurons of all blocks (‖w‖_1² + ‖α‖_2²).

Not convex, but with the other blocks fixed the last one is the convex program (C) on its input activations; an inner
one with its outputs on the samples held fixed is basis pursuit over wedges of its input activations, which keeps the
fit and lowers the penalty. These two steps alternate with a descent in all weights at once. The objective never
rises, and the result is made of wedges, but it need not be optimal.

Source: geomnn theory, section 7; M. Pilanci, arXiv 2309.16512.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from geomnn.atoms import Atom
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import renamed
from geomnn.derivation import run
from geomnn.dictionaries import choose
from geomnn.errors import GeomnnWarning, OptionError
from geomnn.networks.network import AnalyticNetwork
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem, pose
from geomnn.rewriting.rewrite import rewrite
from geomnn.samples import Samples, check_integer

__all__ = ["BlockTraining", "train_blocks"]

# relative to the objective, by which a step may raise it: (C) is solved to a gap of as much
ROUNDING = 1e-9
JITTER = 0.02  # of the mean weight, that a descent begins away from wedges
REFINEMENTS = 3  # of the targets of basis pursuit
REWEIGHTED = 60  # least squares problems of basis pursuit over what was found
# relative to the largest ‖z_k‖, below which a neuron is dropped: weights of the reweighting end at 0.5^30 = 1e-9 of
# the largest, so what is that small is on its way to zero, and the last fit makes up for it
NO_NEURON = 1e-9
FREE = 1e4  # how much larger than any activation the constant is there
SPREAD = 2  # hidden neurons of a block at the beginning, times its outputs
PURSUIT = 0.02  # of the smallest reg whose network is constant


@dataclass(frozen=True, eq=False)
class BlockTraining:
    """A network of sequential blocks, and the steps that led to it.

    Parameters
    ----------
    network : AnalyticNetwork
    objective : float
        L + (reg/2) Σ (‖w‖_1² + ‖α‖_2²), of balanced neurons.
    history : tuple of (str, float)
        Each step that lowered it, and the objective after that.
    """

    network: AnalyticNetwork
    objective: float
    history: tuple[tuple[str, float], ...]

    def __repr__(self) -> str:
        return f"BlockTraining({self.network!r}, objective={self.objective:.6g}, {len(self.history)} steps)"


@dataclass(frozen=True, eq=False)
class _Block:
    """x ↦ Σ_k α_k (w_k·x + b_k)_+ + t, with the names of its neurons once it has some."""

    inner: np.ndarray
    biases: np.ndarray
    outer: np.ndarray
    shift: np.ndarray
    atoms: tuple[Atom, ...] | None = None

    def __call__(self, table: np.ndarray) -> np.ndarray:
        return np.maximum(table @ self.inner.T + self.biases, 0.0) @ self.outer + self.shift

    @property
    def cost(self) -> float:
        """Σ ‖w_k‖_1 ‖α_k‖_2, which is half the sum of squares of balanced neurons."""
        return float(np.abs(self.inner).sum(axis=1) @ np.linalg.norm(self.outer, axis=1))

    @classmethod
    def of(cls, network: AnalyticNetwork) -> _Block:
        return cls(*network.arrays(), tuple(neuron.atom for neuron in network.neurons))


def train_blocks(
    X: Any,
    y: Any,
    widths: Sequence[int] = (4,),
    reg: float = 0.1,
    *,
    bias: bool = True,
    loss: str = "squared",
    rounds: int = 5,
    steps: int = 200,
    tol: float = 1e-6,
    seed: int = 0,
    time_limit: float | None = 5.0,
) -> BlockTraining:
    """Train a network of sequential blocks, by convex programs for one block at a time and descents in between.

    Parameters
    ----------
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
    widths : sequence of int
        Outputs of each inner block, in order; the last block has those of y.
    reg : float
        Weight of the penalty, above 0.
    bias : bool
        Whether neurons and blocks have biases; they are not penalised.
    loss : {"squared", "logistic", "softmax"}
        As in `derive`.
    rounds : int
        The most rounds of a descent, the last block, and each inner block.
    steps : int
        L-BFGS iterations of a descent; 0 leaves it out, and the outputs of the inner blocks as they begin.
    tol : float
        Relative fall of the objective in a round below which no other follows.
    seed : int
        Of the weights that inner blocks begin with.
    time_limit : float, optional
        Seconds for each program that has to search its atoms, as in `derive`.

    Returns
    -------
    BlockTraining

    Raises
    ------
    DataError, OptionError
        If the input cannot be used.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0], [1], [2], [3], [4], [5]], [0, 1, 0, 1, 0, 1]
    >>> trained = gm.train_blocks(X, y, widths=(2,), reg=0.01)
    >>> trained.network.depth, [step for step, _ in trained.history][:2]
    (4, ['begin', 'descent'])
    >>> values = [value for _, value in trained.history]
    >>> values == sorted(values, reverse=True)
    True

    Source: geomnn theory, section 7.
    """
    problem = pose(X, y, reg, 1, bias, loss)
    counts = [check_integer(f"widths[{k}]", width, 1) for k, width in enumerate(_listed(widths))]
    rounds, steps = check_integer("rounds", rounds, 1), check_integer("steps", steps, 0)
    rng = np.random.default_rng(check_integer("seed", seed, 0))
    training = _Training(problem, Effort(time_limit=time_limit), rng, _beginning(problem, counts, rng))
    for _ in range(rounds):
        before = training.value
        if steps:
            training.descend(steps)
        training.solve_last()
        for k in range(len(counts)):
            training.cheapen(k)
        if before - training.value <= tol * abs(before):
            break
    return training.result()


def _listed(widths: Any) -> list[Any]:
    if isinstance(widths, str) or not isinstance(widths, Sequence | np.ndarray) or not len(widths):
        raise OptionError(
            f"widths={widths!r}; the outputs of at least one inner block were expected, such as (4,)."
        )
    return list(widths)


def _beginning(problem: Problem, widths: Sequence[int], rng: np.random.Generator) -> list[_Block]:
    """Random blocks whose activations are about as large as one."""
    table, blocks = problem.samples.X, []
    for width in (*widths, problem.outputs):
        k, d = SPREAD * width, table.shape[1]
        spread = np.ptp(table, axis=0) if problem.samples.bias else np.abs(table).max(axis=0)
        inner = rng.standard_normal((k, d)) / np.where(spread > 0, spread, 1.0) / np.sqrt(d)
        biases = (
            -(inner @ table[rng.integers(len(table), size=k)].T).diagonal()
            if problem.samples.bias
            else np.zeros(k)
        )
        outer = rng.standard_normal((k, width)) / np.sqrt(k)
        shift = np.full(width, 0.5) if problem.samples.bias else np.zeros(width)
        blocks.append(_Block(inner, biases, outer, shift))
        table = np.maximum(blocks[-1](table), 0.0)
    return blocks


class _Training:
    """Blocks, their objective and what has lowered it."""

    def __init__(
        self,
        problem: Problem,
        effort: Effort,
        rng: np.random.Generator,
        blocks: list[_Block],
    ):
        self._problem, self._effort, self._rng, self._blocks = problem, effort, rng, blocks
        self.value = self._objective(blocks)
        self._history = [("begin", self.value)]

    def _objective(self, blocks: Sequence[_Block]) -> float:
        f = blocks[-1](self._inputs(blocks)[-1])
        return self._problem.loss.value(f, self._problem.targets) + self._problem.reg * sum(
            b.cost for b in blocks
        )

    def _inputs(self, blocks: Sequence[_Block]) -> list[np.ndarray]:
        """What each block takes on the samples."""
        tables = [self._problem.samples.X]
        for block in blocks[:-1]:
            tables.append(np.maximum(block(tables[-1]), 0.0))
        return tables

    def _take(self, step: str, blocks: list[_Block]) -> bool:
        """The blocks, if their objective is no higher up to rounding."""
        value = self._objective(blocks)
        if not value <= self.value + ROUNDING * abs(self.value):
            return False
        self._blocks, self.value = blocks, value
        if value < self._history[-1][1]:
            self._history.append((step, value))
        return True

    def _with(self, k: int, block: _Block) -> list[_Block]:
        return [*self._blocks[:k], block, *self._blocks[k + 1 :]]

    def descend(self, steps: int) -> None:
        """L-BFGS in all weights at once."""
        balanced = [part for block in self._blocks for part in _arrays(_balanced(block))]
        ends = np.cumsum([part.size for part in balanced])

        def blocks(theta: np.ndarray) -> list[_Block]:
            pieces = zip(np.split(theta, ends[:-1]), balanced, strict=True)
            parts = iter([piece.reshape(part.shape) for piece, part in pieces])
            return [_Block(*four) for four in zip(parts, parts, parts, parts, strict=True)]

        begin = np.concatenate([part.ravel() for part in balanced])
        # wedges are where the objective has its kinks: beside them it has a gradient
        moves = begin.astype(bool) | self._problem.samples.bias
        begin = begin + moves * JITTER * np.abs(begin).mean() * self._rng.standard_normal(len(begin))
        options = {"maxiter": steps, "ftol": 1e-14, "gtol": 1e-10}
        found = minimize(
            lambda theta: self._slope(blocks(theta)), begin, jac=True, method="L-BFGS-B", options=options
        )
        self._take("descent", blocks(found.x))

    def _slope(self, blocks: list[_Block]) -> tuple[float, np.ndarray]:
        """The objective with the squares of (T), and its gradient."""
        problem, tables = self._problem, self._inputs(blocks)
        f = blocks[-1](tables[-1])
        value, gradient = problem.loss.value(f, problem.targets), list[np.ndarray]()
        back = -problem.residual(f)
        for block, table in zip(reversed(blocks), reversed(tables), strict=True):
            hidden = np.maximum(table @ block.inner.T + block.biases, 0.0)
            sizes = np.abs(block.inner).sum(axis=1, keepdims=True)
            value += problem.reg / 2 * float(np.sum(sizes**2) + np.sum(block.outer**2))
            into = (hidden > 0) * (back @ block.outer.T)
            free = float(problem.samples.bias)
            gradient[:0] = [
                into.T @ table + problem.reg * sizes * np.sign(block.inner),
                free * into.sum(axis=0),
                hidden.T @ back + problem.reg * block.outer,
                free * back.sum(axis=0),
            ]
            back = (table > 0) * (into @ block.inner)
        return value, np.concatenate([part.ravel() for part in gradient])

    def solve_last(self) -> None:
        """The last block: the convex program on its input activations, or wedges of what it was if that is no lower."""
        table, last = self._inputs(self._blocks)[-1], len(self._blocks) - 1
        found = _quietly(self._problem.over(Samples(table, self._problem.samples.bias)), self._effort)
        if (
            not self._take("last block", self._with(last, _Block.of(found)))
            and self._blocks[last].atoms is None
        ):
            self._take("last block", self._with(last, self._in_wedges(last, table)))

    def cheapen(self, k: int) -> None:
        """Inner block k with the same outputs on the samples at the least cost, or in wedges at no higher one."""
        table = self._inputs(self._blocks)[k]
        if self._blocks[k].atoms is None:
            self._take(f"block {k + 1} in wedges", self._with(k, self._in_wedges(k, table)))
        if self._blocks[k].atoms is not None:
            found = _pursuit(table, self._blocks[k], self._problem.samples.bias, self._effort)
            self._take(f"block {k + 1} at the least cost", self._with(k, found))

    def _in_wedges(self, k: int, table: np.ndarray) -> _Block:
        block = self._blocks[k]
        offsets = (block.biases, block.shift) if self._problem.samples.bias else (None, None)
        return _Block.of(rewrite([(block.inner, offsets[0]), (block.outer.T, offsets[1])], table).network)

    def result(self) -> BlockTraining:
        """The network with its names."""
        problem, below = self._problem, []
        tables = self._inputs(self._blocks)
        named = [
            tuple(
                atom if level == 1 else renamed(atom, Samples(table, atom.anchored), level)
                for atom in block.atoms or ()
            )
            for level, (block, table) in enumerate(zip(self._blocks, tables, strict=True), start=1)
        ]
        for block, atoms in zip(self._blocks[:-1], named[:-1], strict=True):
            size = np.abs(block.inner).sum(axis=1)
            mix = np.ascontiguousarray((block.outer * size[:, None]).T)  # as it is read from a file
            below.append(FeatureLayer(atoms, mix, block.shift))
        last = self._blocks[-1]
        z, one = last.outer * np.abs(last.inner).sum(axis=1)[:, None], problem.one_column
        network = AnalyticNetwork.from_atoms(
            named[-1], z[:, 0] if one else z, float(last.shift[0]) if one else last.shift,
            problem.samples.d, 1.0, problem.samples.bias, below, problem.samples.names,
        )  # fmt: skip
        return BlockTraining(network, self.value, tuple(self._history))


def _arrays(block: _Block) -> tuple[np.ndarray, ...]:
    return block.inner, block.biases, block.outer, block.shift


def _balanced(block: _Block) -> _Block:
    """The same block with ‖w_k‖_1 = ‖α_k‖_2."""
    sizes, outer = np.abs(block.inner).sum(axis=1), np.linalg.norm(block.outer, axis=1)
    alive = (sizes > 0) & (outer > 0)
    s = np.sqrt(outer[alive] / sizes[alive])
    return _Block(
        block.inner[alive] * s[:, None], block.biases[alive] * s, block.outer[alive] / s[:, None], block.shift
    )


def _quietly(problem: Problem, effort: Effort) -> AnalyticNetwork:
    """The network of one program; whether it helps is seen from the objective, so that its warnings say nothing new."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeomnnWarning)
        with effort.begun() as effort:
            return run(problem, choose("auto", problem.samples, problem.norm), effort).network


def _pursuit(table: np.ndarray, block: _Block, bias: bool, effort: Effort) -> _Block:
    """A block with the same outputs, from its own neurons and those that (C) finds for targets ever closer to them."""
    wanted, blocks = block(table), [block]
    centred = wanted - wanted.mean(axis=0) if bias else wanted
    samples = Samples(table, bias)
    reg = PURSUIT * float(np.linalg.norm(samples.homogeneous.T @ centred, axis=1).max())
    targets = wanted
    for _ in range(REFINEMENTS if reg > 0 else 0):
        blocks.append(_Block.of(_quietly(pose(table, targets, reg, 1, bias, "squared"), effort)))
        targets = targets + wanted - blocks[-1](table)
    units = {
        (*atom.place, atom.support): (w / np.abs(w).sum(), offset / np.abs(w).sum(), atom)
        for each in blocks
        for w, offset, atom in zip(each.inner, each.biases, each.atoms or (), strict=True)
    }
    if not units:
        return block
    inner, biases = np.array([w for w, _, _ in units.values()]), np.array([b for _, b, _ in units.values()])
    atoms = [atom for _, _, atom in units.values()]
    activations = np.maximum(table @ inner.T + biases, 0.0)
    chosen, z, shift = _cheapest(activations, wanted, bias)
    return _Block(inner[chosen], biases[chosen], z, shift, tuple(atoms[k] for k in chosen))


def _cheapest(
    activations: np.ndarray, wanted: np.ndarray, bias: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """argmin Σ ‖z_k‖_2 with Φ z + t = wanted, by least squares weighted with the last ‖z_k‖: which k, z and t.

    Each step has the same outputs at no higher cost, Σ ‖z_k‖ = ½ min_W Σ (‖z_k‖²/W_k + W_k).
    """
    n, k = activations.shape
    weights, ones = np.ones(k), np.ones((n, int(bias)))
    for step in range(REWEIGHTED):
        root = np.sqrt(weights)
        free = np.linalg.norm(activations, axis=0).max() * root.max()  # the constant costs next to nothing
        found = np.linalg.lstsq(np.hstack([activations * root, ones * free * FREE]), wanted, rcond=1e-14)[0]
        z, t = root[:, None] * found[:k], free * FREE * found[k:].sum(axis=0)
        sizes = np.linalg.norm(z, axis=1)
        weights = np.maximum(sizes, 0.5 ** (step / 2) * sizes.max())
    chosen = np.flatnonzero(sizes > NO_NEURON * sizes.max())
    columns = np.hstack([activations[:, chosen], ones])
    last = np.linalg.lstsq(columns, wanted - activations[:, chosen] @ z[chosen] - t, rcond=1e-14)[0]
    return chosen, z[chosen] + last[: len(chosen)], t + last[len(chosen) :].sum(axis=0)
