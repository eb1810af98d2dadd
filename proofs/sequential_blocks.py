"""Blocks in a row: what may be done to one block while the others stay, and that all weights can be wedges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from proofs.finite import (
    Vector,
    basis_vectors,
    centred,
    dot,
    lasso_pieces,
    least_cost,
    one_norm,
    relu,
    show,
    unit_wedges,
)
from proofs.generic import decide
from proofs.pruning import rational_length
from proofs.rewriting import split
from proofs.statement import Theorem, require

__all__ = ["THEOREM"]

THEOREM = Theorem(
    title="Sequential blocks",
    section="section 7",
    words="""\
A network of B blocks has X_1 = X and X_{l+1} = f_l(X_l), f_l(x) = Σ_j α_{lj} (w_{lj}·x + b_{lj})_+ + t_l with outer
weights α_{lj} and t_l that are vectors, and (T) is the loss of X_{B+1} plus
(reg/2) Σ_l Σ_j (‖w_{lj}‖² + ‖α_{lj}‖_2²), with any norm of w. Biases b and t are free, or absent. The X_l are values
on the samples.
(a) With the other blocks fixed, (T) in the last block is a constant plus (T) of a network of two layers on X_B. So
the last block is the program (C) on X_B, convex, with the group penalty reg Σ ‖z_u‖_2; an optimum of it in the place
of the block does not raise (T).
(b) An inner block with another one in its place that has the same outputs X_{l+1} on the samples and no larger cost
Σ_j ‖w_{lj}‖ ‖α_{lj}‖_2, each neuron rebalanced, leaves the loss and does not raise (T). The least cost is a convex
program, Σ ‖z_u‖_2 subject to Σ_u (x̃·u)_+ z_u + t = X_{l+1} on the samples.
(c) For p = 1 in both programs the atoms of equation (1) with the rows of X_l for samples are enough, and every
network has one whose w_{lj} are multiples of them, with the same X_1, …, X_{B+1} and no larger (T).
(d) Steps (a) and (b), repeated, never raise (T); they can stop above its optimum.""",
    latex=r"""
\tfrac12\bigl(\lVert w\rVert^2+\lVert\alpha\rVert_2^2\bigr)\ge\lVert w\rVert\,\lVert\alpha\rVert_2
=\inf_{s>0}\tfrac12\bigl(s^2\lVert w\rVert^2+s^{-2}\lVert\alpha\rVert_2^2\bigr);\qquad
\min\Bigl\{\sum_u\lVert z_u\rVert_2:\ \sum_u(\tilde x_i\cdot u)_+\,z_u+t=x^{(l+1)}_i\ \forall i\Bigr\}
""",
    argument="""\
Rebalancing. For s > 0 the neurons (w, b, α) and (s w, s b, α/s) have the same output at every x. The penalty
½(s²‖w‖² + ‖α‖_2²/s²) is at least ‖w‖ ‖α‖_2, and equal to it exactly for s²‖w‖ = ‖α‖_2 (step 1). If w = 0 or α = 0 the
neuron is a constant on all x, which goes into t, or (without biases) 0. So a block can be had at the penalty
reg Σ ‖w_j‖ ‖α_j‖_2 and at no less by rebalancing alone.

(a) X_B and the penalties of the other blocks do not depend on the last block, and X_{B+1} depends on it as the
outputs of a network of two layers on its inputs. The rest is the theorem on training. Step 2 compares with the exact
optimum.

(b) All later blocks see X_{l+1} only, so the loss and their penalties stay; the penalty of the block is at least its
cost, and after rebalancing the new one is the new cost. The convex program is that of the theorem on training, with
the loss that is 0 where the outputs are X_{l+1} and infinite elsewhere: it is convex, and the theorem asks no more.
In the outputs of an inner block the loss itself is in general not convex, because a later block follows. Step 3
computes least costs.

(c) The theorem on optimal weights has this for each of the two programs. For a given network use the one on
rewriting: rebalance a neuron and split (w, b) = Σ c_k r_k over the rows of X_l. The parts c_k r_k with the outer
weight α have the same sum of outputs on these rows, and Σ c_k ‖w(r_k)‖_1 ‖α‖_2 = ‖w‖_1 ‖α‖_2; rebalance each. A part
(0, 1), which only occurs with biases, is the constant c_k α on the rows and goes into t; a neuron that is active on
no row is dropped. So X_{l+1} stays, and with it the rows that the next block is split over; the order of the blocks
does not matter. Step 4 does this for whole networks.

(d) If an inner block is 0 on the samples and its cost is 0, both programs may return what is there: without biases
the last block has the activations 0, and its optimum is 0. Step 5 has a network with a lower (T).""",
)


class Neuron(NamedTuple):
    """α (w·x + b)_+, with `unit` = (w, b)."""

    unit: Vector
    outer: Vector


class Block(NamedTuple):
    """Neurons and the output bias."""

    neurons: tuple[Neuron, ...]
    constant: Vector


def rows_of(table: Sequence[Vector]) -> list[Vector]:
    """The homogeneous rows (x, 1)."""
    return [(*row, Fraction(1)) for row in table]


def outputs(block: Block, table: Sequence[Vector]) -> list[Vector]:
    """X_{l+1} from X_l."""
    result = []
    for row in rows_of(table):
        values = [relu(dot(row, neuron.unit)) for neuron in block.neurons]
        total = [
            dot(values, (neuron.outer[k] for neuron in block.neurons)) for k in range(len(block.constant))
        ]
        result.append(tuple(a + b for a, b in zip(total, block.constant, strict=True)))
    return result


def cost(block: Block) -> Fraction:
    """Σ ‖w_j‖_1 ‖α_j‖_2, for outer weights of rational length."""
    return sum(
        (one_norm(neuron.unit[:-1]) * rational_length(neuron.outer) for neuron in block.neurons), Fraction(0)
    )


def exact(values: Sequence) -> Vector:
    """Numbers as fractions."""
    return tuple(map(Fraction, values))


@THEOREM.step(
    "decided",
    "(s w, s b, α/s) has the outputs of (w, b, α), and ½(s²m² + r²/s²) ≥ m r with equality exactly for s² m = r",
    "all real s > 0, w·x, b, α and m, r ≥ 0",
    needs="z3-solver",
)
def rebalancing(
    outer: Callable = lambda alpha, s: alpha / s, balanced: Callable = lambda s, m, r: s * s * m == r
) -> None:
    """`outer` is the new outer weight, `balanced` says where equality holds."""

    def differs(z3):
        s, inner, b, alpha = z3.Reals("s w·x b α")
        before = z3.If(inner + b > 0, inner + b, 0)
        after = z3.If(s * inner + s * b > 0, s * inner + s * b, 0)
        yield z3.And(s > 0, outer(alpha, s) * after != alpha * before)

    def below(z3):
        s, m, r, ratio = z3.Reals("s m r r/s")
        penalty = (s * s * m * m + ratio * ratio) / 2
        yield z3.And(s > 0, m >= 0, r >= 0, ratio * s == r)
        yield z3.Or(penalty < m * r, (penalty == m * r) != balanced(s, m, r))

    decide("a rebalanced neuron keeps its output", differs)
    decide("the penalty is at least m r, with equality where the neuron is balanced", below)


HALF = Fraction(1, 2)
LINE = tuple(exact((x,)) for x in (0, 1, 3))


def line_blocks(width: int) -> Iterator[Block]:
    """Blocks from the line to the line of so many neurons, with w, b, α within ±1."""
    neurons = [
        Neuron(exact(unit), exact((alpha,))) for unit in product((-1, 1), (-1, 0, 1)) for alpha in (1, -1)
    ]
    for chosen in combinations_with_replacement(neurons, width):
        yield Block(chosen, exact((0,)))


def line_features(table: Sequence[Vector]) -> list[Vector]:
    """The activations of the atoms of (1) on samples of the line."""
    members = [*rows_of(table), *basis_vectors(1, True)]
    columns = [tuple(relu(dot(row, unit)) for row in rows_of(table)) for unit in unit_wedges(members, 1)]
    return [column for column in dict.fromkeys(columns) if len(set(column)) > 1]


def training_value(features: Sequence[Vector], target: Vector, reg: Fraction) -> Fraction:
    """The optimal value of (C) with the squared loss and a free output bias, from the optimality conditions."""
    pieces = lasso_pieces([centred(phi) for phi in features], centred(target))
    piece = next(piece for piece in pieces if piece.holds(reg))
    residual = piece.v(reg)
    return dot(residual, residual) / 2 + reg * one_norm(piece.z(reg).values())


@THEOREM.step(
    "exhaustive",
    "an optimum of (C) on X_2 in the place of the last block of two does not raise (T)",
    "samples 0, 1, 3, y = (0, 2, 1), reg = ¼; inner blocks of one or two neurons, last ones of one, entries within ±1",
)
def last_block(inputs: Callable = lambda X, hidden: hidden) -> None:
    """`inputs` are the rows of which the wedges are taken; the others are features on X_2 as well."""
    target, reg = exact((0, 2, 1)), Fraction(1, 4)
    best: dict[tuple, Fraction] = {}
    for inner in [*line_blocks(1), *line_blocks(2)]:
        hidden = tuple(outputs(inner, LINE))
        if hidden not in best:
            units = unit_wedges([*rows_of(inputs(LINE, hidden)), *basis_vectors(1, True)], 1)
            columns = [tuple(relu(dot(row, unit)) for row in rows_of(hidden)) for unit in units]
            features = [phi for phi in dict.fromkeys(columns) if len(set(phi)) > 1]
            best[hidden] = training_value(features, target, reg)
        for last in line_blocks(1):
            seen = [row[0] for row in outputs(last, hidden)]
            v = centred(tuple(a - b for a, b in zip(target, seen, strict=True)))
            before = dot(v, v) / 2 + reg * cost(last)
            case = f"X_2 = {show(row[0] for row in hidden)}, the last block {_show(last)}"
            require(best[hidden] <= before, f"{case}: (T) rises by {best[hidden] - before}")


def _show(block: Block) -> str:
    written = [f"{show(outer)}·(x̃·{show(unit)})_+" for unit, outer in block.neurons]
    return " + ".join([*written, show(block.constant)])


@THEOREM.step(
    "exhaustive",
    "the cheapest inner block over the wedges of X_1 has the outputs X_2, the network its loss, and (T) does not rise",
    "samples 0, 1, 3, inner blocks of one, two and three neurons with entries within ±1, followed by two others",
)
def inner_block(kept: Callable = lambda hidden: hidden) -> None:
    """`kept` are the outputs that the new block is to have."""
    later = [Block((Neuron(exact((s, -1)), exact((2,))),), exact((0,))) for s in (1, -1)]
    features = line_features(LINE)
    names = {}
    for unit in unit_wedges([*rows_of(LINE), *basis_vectors(1, True)], 1):
        names.setdefault(tuple(relu(dot(row, unit)) for row in rows_of(LINE)), unit)
    for inner in (block for width in (1, 2, 3) for block in line_blocks(width)):
        hidden = outputs(inner, LINE)
        _, z, _ = least_cost(features, tuple(row[0] for row in kept(hidden)))
        constant = z.pop(len(features), Fraction(0))
        new = Block(tuple(Neuron(names[features[k]], (value,)) for k, value in z.items()), (constant,))
        case = f"{_show(inner)} becomes {_show(new)}"
        require(cost(new) <= cost(inner), f"{case}: the cost rises from {cost(inner)} to {cost(new)}")
        for block in later:
            before, after = (outputs(block, outputs(first, LINE)) for first in (inner, new))
            require(before == after, f"{case}: the outputs {_several(before)} become {_several(after)}")


def _several(table) -> str:
    return ", ".join(map(show, table))


def rewritten(block: Block, table: Sequence[Vector]) -> Block:
    """The block in wedges of the rows of a table."""
    neurons, constant = [], block.constant
    for unit, outer in block.neurons:
        if not any(dot(row, unit) > 0 for row in rows_of(table)):
            continue
        for share, ray in split(unit, rows_of(table), len(unit) - 1):
            if any(ray[:-1]):
                neurons.append(Neuron(tuple(share * value for value in ray), outer))
            else:
                constant = tuple(a + share * ray[-1] * b for a, b in zip(constant, outer, strict=True))
    return Block(tuple(neurons), constant)


def plane_networks() -> Iterator[list[Block]]:
    """Two blocks: from the plane to the plane, two neurons with ‖α‖_2 = 5, and one neuron to the line."""
    units = [exact(unit) for unit in ((1, 0, 1), (1, -1, 0), (-2, 1, 1), (0, -1, 2))]
    outer = [exact(alpha) for alpha in ((3, 4), (-5, 0))]
    neurons = [Neuron(unit, alpha) for unit in units for alpha in outer]
    for chosen in combinations_with_replacement(neurons, 2):
        for unit in product((-1, 1), (-1, 2), (-3, 3)):
            yield [Block(chosen, exact((0, 1))), Block((Neuron(exact(unit), exact((2,))),), exact((0,)))]


@THEOREM.step(
    "exhaustive",
    "every network becomes one of wedges of the inputs of each block, with the same X_l and no larger cost",
    "two blocks with biases, plane to plane to line, on 3 samples: 36 first blocks, 8 last ones",
)
def all_blocks(inputs: Callable = lambda tables, level: tables[level]) -> None:
    """`inputs` are the rows over which a block is rewritten."""
    samples = [exact(row) for row in ((2, 1), (-1, 3), (1, -2))]
    atoms: dict[tuple, set[Vector]] = {}
    for network in plane_networks():
        tables, ours = [samples], samples
        for block in network:
            tables.append(outputs(block, tables[-1]))
        for level, block in enumerate(network):
            new = rewritten(block, inputs(tables, level))
            ours = outputs(new, ours)
            case = f"block {level + 1}, {_show(block)} on {_several(tables[level])}, becomes {_show(new)}"
            require(ours == tables[level + 1], f"{case}: the outputs become {_several(ours)}")
            require(cost(new) <= cost(block), f"{case}: the cost rises to {cost(new)}")
            rows = tuple(rows_of(tables[level]))
            if rows not in atoms:
                atoms[rows] = set(unit_wedges([*rows, *basis_vectors(2, True)], 2))
            for unit, _ in new.neurons:
                length = one_norm(unit[:-1])
                known = tuple(value / length for value in unit) in atoms[rows]
                require(known, f"{case}: {show(unit)} is no multiple of an atom")


@THEOREM.step(
    "instance",
    "two blocks that are 0 have the value ½ and stay, where weights of 1 have the value ¼",
    "one sample x = 1, y = 1, one neuron a block, no biases, squared loss, reg = ⅛",
)
def may_stop(reg: Fraction = Fraction(1, 8), start: int = 0) -> None:
    """`start` is the weight of the blocks at first."""

    def value(weights: Sequence[Fraction]) -> Fraction:
        signal = Fraction(1)
        for w, alpha in (weights[:2], weights[2:]):
            signal = alpha * relu(w * signal)
        return (signal - 1) ** 2 / 2 + reg * sum((w * w for w in weights), Fraction(0)) / 2

    first = exact((start,) * 4)
    hidden = first[1] * relu(first[0])
    features = {relu(hidden * s) for s in (1, -1)}
    require(features == {0}, "the last block has activations that are not 0")
    require(hidden == 0, "the inner block has outputs")
    ones = exact((1,) * 4)
    require(value(ones) < value(first), f"the values are {value(first)} and {value(ones)}")
