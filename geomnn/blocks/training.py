"""Sequential blocks: h_1 = (B_1(X))_+, h_2 = (B_2(h_1))_+, …, f = B_L(h_{L−1}), every B a network of one hidden layer.

    minimise  L(f(X), y) + (reg/2) Σ over the hidden neurons of all blocks (‖w‖_p² + ‖α‖_2²).

Not convex, but with the other blocks fixed the last one is the convex program (C) on its input activations. For p = 1
it is solved, and an inner block with its outputs on the samples held fixed is basis pursuit over wedges of its input
activations, which keeps the fit and lowers the penalty. For p = 2 the last one is searched from the neurons that it
has, by sums over rows, and inner ones change in descents alone. These steps alternate with descents in all weights at
once. The objective never rises, but the network need not be optimal.

Source: geomnn theory, section 7; M. Pilanci, arXiv 2309.16512.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, cast

import numpy as np

from geomnn.atoms import Atom
from geomnn.blocks.block import Block
from geomnn.blocks.descent import Weights, all_rows, few_rows
from geomnn.blocks.features import Activations, extractor
from geomnn.blocks.pursuit import at_the_least_cost, in_wedges, solved
from geomnn.blocks.sums import BlockSums
from geomnn.depth.layer import FeatureLayer
from geomnn.depth.names import renamed
from geomnn.dictionaries import LocalDictionary
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.networks.network import AnalyticNetwork
from geomnn.norms import ball
from geomnn.programs.certificate import Certificate
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem, pose
from geomnn.rows import Rows
from geomnn.rows.samples import StreamedSamples
from geomnn.rows.sums import check_device
from geomnn.samples import Samples
from geomnn.validation import check_integer

__all__ = ["BlockTraining", "train_blocks"]

# relative to the objective, by which a step may raise it: (C) is solved to a gap of as much
ROUNDING = 1e-9
SPREAD = 2  # hidden neurons of a block at the beginning, times its outputs
BEGUN_FROM = 1000  # rows of a large table that random blocks are made for


@dataclass(frozen=True, eq=False)
class BlockTraining:
    """A network of sequential blocks, and the steps that led to it.

    Parameters
    ----------
    network : AnalyticNetwork
        The whole network, of what ``features`` gives; for p = 2 the last block, whose neurons are named by the
        activations of samples: x3 is what the blocks below make of sample 3.
    objective : float
        L + (reg/2) Σ (‖w‖_p² + ‖α‖_2²), of balanced neurons.
    history : tuple of (str, float)
        Each step that lowered it, and the objective after that.
    features : callable, optional
        From X to what the network takes, shape (n, d) → (n, k).
    certificate : Certificate, optional
        Of the last block alone, for the activations that it stands on; None where a later step changed these.
    """

    network: AnalyticNetwork
    objective: float
    history: tuple[tuple[str, float], ...]
    features: Callable[[Any], Any] | None = None
    certificate: Certificate | None = None

    def __call__(self, X: Any) -> np.ndarray:
        """The values at X, shape (n, d) → (n,) or (n, c)."""
        table = X if self.features is None else np.asarray(Rows(X).through(self.features))
        return np.asarray(self.network(table))

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """[(W (out, in), b (out,) or None), …] of all blocks as in PyTorch, ReLU between the layers."""
        below = self.features.blocks if isinstance(self.features, Activations) else ()
        free = self.network.bias
        pairs: list[tuple[np.ndarray, np.ndarray | None]] = []
        for block in below:
            for weights, offsets in ((block.inner, block.biases), (block.outer.T, block.shift)):
                pairs.append((weights, offsets if free else None))
        return pairs + self.network.layers

    def __repr__(self) -> str:
        return f"BlockTraining({self.network!r}, objective={self.objective:.6g}, {len(self.history)} steps)"


def train_blocks(
    X: Any,
    y: Any = None,
    widths: Sequence[int] = (4,),
    reg: float = 0.1,
    *,
    norm: float = 1,
    bias: bool = True,
    loss: str = "squared",
    features: Any = None,
    minibatch: int | None = None,
    device: str | None = None,
    rounds: int = 5,
    steps: int = 200,
    tol: float = 1e-6,
    seed: int = 0,
    time_limit: float | None = 5.0,
) -> BlockTraining:
    """Train a network of sequential blocks, by programs for one block at a time and descents in between.

    Parameters
    ----------
    X : array_like, shape (n, d), or Rows
        Large tables by `Rows`, for p = 2: descents then work in the precision that they have.
    y : array_like, shape (n,) or (n, c)
        Targets, unless `Rows` have them.
    widths : sequence of int
        Outputs of each inner block, in order; the last block has those of y.
    reg : float
        Weight of the penalty, above 0.
    norm : {1, 2}
        p. For 1 every block is made of wedges, and inner ones are replaced by the cheapest with the same outputs; for 2
        inner ones change in descents alone, and the last one has a local certificate.
    bias : bool
        Whether neurons and blocks have biases; they are not penalised.
    loss : {"squared", "logistic", "softmax"}
        As in `derive`.
    features : callable or module of PyTorch, optional
        From a block of rows, shape (m, d), to activations, shape (m, k), in whose place the blocks would stand on X:
        such as a trained model without its last layers. It is not trained.
    minibatch : int, optional
        Rows for each step of a descent, up to 8,192; a pass over the table counts if it lowers the objective over all
        rows. All rows, by L-BFGS, if not given or no more than these.
    device : str, optional
        Of PyTorch, such as "cuda", for sums over rows; NumPy if not given.
    rounds : int
        The most rounds of a descent, the last block, and each inner block.
    steps : int
        L-BFGS iterations of a descent, or passes with ``minibatch``; 0 leaves it out, and the outputs of the inner
        blocks as they begin.
    tol : float
        Relative fall of the objective in a round below which no other follows.
    seed : int
        Of the weights that inner blocks begin with, and of the order of rows.
    time_limit : float, optional
        Seconds for each program that has to search its atoms, as in `derive`.

    Returns
    -------
    BlockTraining

    Raises
    ------
    DataError, OptionError, UnsupportedProblem, MissingPackage
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
    counts = [check_integer(f"widths[{k}]", width, 1) for k, width in enumerate(_listed(widths))]
    rounds, steps = check_integer("rounds", rounds, 1), check_integer("steps", steps, 0)
    few = None if minibatch is None else check_integer("minibatch", minibatch, 1)
    rng = np.random.default_rng(check_integer("seed", seed, 0))
    effort, function = Effort(seed=seed, time_limit=time_limit), extractor(features)
    check_device(device)
    kinds: dict[Any, type[_Training]] = {1: _InWedges, 2: _ByRows}
    if isinstance(tol, bool) or not isinstance(tol, Real) or not 0 <= tol < 1:
        raise OptionError(
            "{tol}; a relative fall of at least 0 and below 1 was expected, such as 1e-6.", tol=tol
        )
    if isinstance(norm, bool) or not isinstance(norm, Real) or norm not in kinds:
        raise OptionError("{norm}; 1 or 2 was expected.", norm=norm)
    if norm == 1 and isinstance(X, Rows) and function is None:
        raise UnsupportedProblem(
            "X is read by rows, and norm=1 needs the table in memory, for its wedges; norm=2 was expected, or an array."
        )
    table = X if norm == 1 and function is None else X if isinstance(X, Rows) else Rows(X, y)
    y = table.targets if y is None and isinstance(table, Rows) else y
    table = table if function is None else table.through(function)
    problem = pose(np.asarray(table) if norm == 1 and function else table, y, reg, norm, bias, loss)
    if norm == 2 and problem.loss.is_polyhedral:
        raise UnsupportedProblem("norm=2 is for losses without corners; {loss} takes norm=1.", loss=loss)
    training = kinds[norm](problem, effort, rng, counts, function, device)
    for _ in range(rounds):
        before = training.value
        if steps:
            training.descend(steps, few)
        training.improve()
        if before - training.value <= tol * abs(before):
            break
    return training.result()


def _listed(widths: Any) -> list[Any]:
    if isinstance(widths, str) or not isinstance(widths, Sequence | np.ndarray) or not len(widths):
        raise OptionError(
            f"widths={widths!r}; the outputs of at least one inner block were expected, such as (4,)."
        )
    return list(widths)


def _beginning(problem: Problem, widths: Sequence[int], rng: np.random.Generator) -> list[Block]:
    """Random blocks whose activations are about as large as one, on all rows or on many."""
    blocks, bias, n = list[Block](), problem.samples.bias, problem.samples.n
    some: Any = slice(None) if n <= BEGUN_FROM else np.sort(rng.choice(n, BEGUN_FROM, replace=False))
    table = problem.samples.X[some]
    for width in (*widths, problem.outputs):
        k, d = SPREAD * width, table.shape[1]
        spread = np.ptp(table, axis=0) if bias else np.abs(table).max(axis=0)
        inner = rng.standard_normal((k, d)) / np.where(spread > 0, spread, 1.0) / np.sqrt(d)
        through = -(inner @ table[rng.integers(len(table), size=k)].T).diagonal()
        outer = rng.standard_normal((k, width)) / np.sqrt(k)
        shift = np.full(width, 0.5) if bias else np.zeros(width)
        blocks.append(Block(inner, through if bias else np.zeros(k), outer, shift))
        table = np.maximum(blocks[-1](table), 0.0)
    return blocks


class _Training(ABC):
    """Blocks, their objective and what has lowered it."""

    def __init__(
        self,
        problem: Problem,
        effort: Effort,
        rng: np.random.Generator,
        widths: Sequence[int],
        function: Callable[[Any], Any] | None = None,
        device: str | None = None,
    ):
        self._problem, self._effort, self._rng = problem, effort, rng
        self._function, self._device = function, device
        self._exact = self._work = BlockSums(problem.samples, "float64", device)
        if problem.samples.X.dtype != np.float64:
            self._work = BlockSums(problem.samples, "float32", device)
        self._blocks = _beginning(problem, widths, rng)
        self.value = self._objective(self._blocks)
        self._history = [("begin", self.value)]
        self._certificate: Certificate | None = None

    @abstractmethod
    def improve(self) -> None:
        """What is done for one block after the other."""

    @abstractmethod
    def result(self) -> BlockTraining:
        """The network with its names."""

    def _objective(self, blocks: Sequence[Block]) -> float:
        problem = self._problem
        layers = [blocks[0].seen_from(problem.samples.centre).arrays, *(b.arrays for b in blocks[1:])]
        cost = problem.reg * sum(block.cost(problem.norm) for block in blocks)
        return self._exact.loss(problem.loss, problem.targets, layers) + cost

    def _take(self, step: str, blocks: list[Block], certificate: Certificate | None = None) -> bool:
        """The blocks, if their objective is no higher up to rounding."""
        value = self._objective(blocks)
        if not value <= self.value + ROUNDING * abs(self.value):
            return False
        self._blocks, self.value, self._certificate = blocks, value, certificate
        if value < self._history[-1][1]:
            self._history.append((step, value))
        return True

    def _with(self, k: int, block: Block) -> list[Block]:
        return [*self._blocks[:k], block, *self._blocks[k + 1 :]]

    def descend(self, steps: int, rows: int | None) -> None:
        """A descent in all weights at once, of so many rows at a time or of all."""
        weights = Weights(self._blocks, self._problem)
        if rows is None or rows >= self._problem.samples.n:
            found = all_rows(weights, self._work, steps, self._rng)
        else:
            found = few_rows(weights, self._work, self._objective, self._rng, steps, rows)
        self._take("descent", [block.balanced(self._problem.norm) for block in found])


class _InWedges(_Training):
    """p = 1: the last block solved, inner ones in wedges at the least cost."""

    def _inputs(self) -> list[np.ndarray]:
        """What each block takes on the samples."""
        tables = [self._problem.samples.X]
        for block in self._blocks[:-1]:
            tables.append(np.maximum(block(tables[-1]), 0.0))
        return tables

    def improve(self) -> None:
        self.solve_last()
        for k in range(len(self._blocks) - 1):
            self.cheapen(k)

    def solve_last(self) -> None:
        """The last block: the convex program on its input activations, or wedges of what it was if that is no lower."""
        table, last, bias = self._inputs()[-1], len(self._blocks) - 1, self._problem.samples.bias
        found = solved(self._problem.over(Samples(table, bias)), "auto", self._effort)
        block = self._blocks[last]
        taken = self._take("last block", self._with(last, Block.of(found.network)), found.certificate)
        if not taken and block.atoms is None:
            self._take("last block", self._with(last, in_wedges(block, table, bias)))

    def cheapen(self, k: int) -> None:
        """Inner block k with the same outputs on the samples at the least cost, or in wedges at no higher one."""
        table, bias = self._inputs()[k], self._problem.samples.bias
        if self._blocks[k].atoms is None:
            self._take(f"block {k + 1} in wedges", self._with(k, in_wedges(self._blocks[k], table, bias)))
        if self._blocks[k].atoms is not None:
            found = at_the_least_cost(table, self._blocks[k], bias, self._effort)
            self._take(f"block {k + 1} at the least cost", self._with(k, found))

    def result(self) -> BlockTraining:
        problem, below = self._problem, []
        named = [
            tuple(
                atom if level == 1 else renamed(atom, Samples(table, atom.anchored), level)
                for atom in block.atoms or ()
            )
            for level, (block, table) in enumerate(zip(self._blocks, self._inputs(), strict=True), start=1)
        ]
        for block, atoms in zip(self._blocks[:-1], named[:-1], strict=True):
            size = np.abs(block.inner).sum(axis=1)
            mix = np.ascontiguousarray((block.outer * size[:, None]).T)  # as it is read from a file
            below.append(FeatureLayer(atoms, mix, block.shift))
        network = _network(problem, self._blocks[-1], named[-1], problem.samples, below)
        return BlockTraining(network, self.value, tuple(self._history), self._function, self._certificate)


class _ByRows(_Training):
    """p = 2: the last block searched from its neurons, all by sums over rows."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._searched = False
        # else the first descent may give up random blocks, whose last one fits nothing yet, for a constant
        self.improve()

    def _activations(self) -> StreamedSamples:
        """The samples that the last block stands on."""
        rows, below = cast(Rows, self._problem.samples.X), Activations(None, tuple(self._blocks[:-1]))
        return rows.through(below, "blocks").samples(self._problem.samples.bias)

    def _units(self, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        """The neurons of the last block as units, and their coefficients."""
        block = self._blocks[-1]
        size = np.linalg.norm(block.inner, axis=1)
        return samples.units_of(block.inner / size[:, None], block.biases / size), block.outer * size[:, None]

    def improve(self) -> None:
        samples, last = self._activations(), len(self._blocks) - 1
        search = LocalDictionary(samples, 2, seed=self._effort.seed, device=self._device)
        if self._searched and len(self._blocks[last].inner):  # the first one is searched from gates
            search = search.beginning_with(*self._units(samples), self._blocks[last].shift)
        found, self._searched = solved(self._problem.over(samples), search, self._effort), True
        self._take("last block", self._with(last, Block.of(found.network)), found.certificate)

    def result(self) -> BlockTraining:
        samples, last = self._activations(), self._blocks[-1]
        atoms = last.atoms
        if atoms is None:
            v, names = self._problem.residual(last(np.asarray(samples.X))), LocalDictionary(samples, 2)
            atoms = tuple(names.name(unit, v) for unit in self._units(samples)[0])
        below = Activations(self._function, tuple(self._blocks[:-1]))
        network = _network(self._problem, last, atoms, samples)
        return BlockTraining(network, self.value, tuple(self._history), below, self._certificate)


def _network(
    problem: Problem, block: Block, atoms: Sequence[Atom], of: Samples, below: Sequence[FeatureLayer] = ()
) -> AnalyticNetwork:
    """A last block as a network of some samples."""
    z, one = block.outer * ball(problem.norm).length(block.inner)[:, None], problem.one_column
    return AnalyticNetwork.from_atoms(
        atoms, z[:, 0] if one else z, float(block.shift[0]) if one else block.shift,
        of.d, problem.norm, of.bias, below, of.names,
    )  # fmt: skip
