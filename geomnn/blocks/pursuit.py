"""What is convex of a block, the others being fixed: the last one, and an inner one with its outputs held fixed.

The last block is the program (C) on its input activations.  An inner one whose outputs on the samples stay is basis
pursuit over wedges of its input activations, min Σ ‖z_k‖_2 with Φ z + t = those outputs.

Source: geomnn theory, section 7; M. Pilanci, arXiv 2309.16512.
"""

from __future__ import annotations

import warnings

import numpy as np

from geomnn.blocks.block import Block
from geomnn.derivation import run
from geomnn.dictionaries import Dictionary, choose
from geomnn.errors import GeomnnWarning
from geomnn.programs.effort import Effort
from geomnn.programs.problem import Problem, pose
from geomnn.rewriting.rewrite import rewrite
from geomnn.samples import Samples
from geomnn.solution import Solution

__all__ = ["at_the_least_cost", "in_wedges", "solved"]

REFINEMENTS = 3  # of the targets of basis pursuit
REWEIGHTED = 60  # least squares problems of basis pursuit over what was found
# relative to the largest ‖z_k‖, below which a neuron is dropped: weights of the reweighting end at 0.5^30 = 1e-9 of
# the largest, so what is that small is on its way to zero, and the last fit makes up for it
NO_NEURON = 1e-9
FREE = 1e4  # how much larger than any activation the constant is there
PURSUIT = 0.02  # of the smallest reg whose network is constant


def solved(problem: Problem, dictionary: str | Dictionary, effort: Effort) -> Solution:
    """The solution of one program, without its warnings: whether it helps is seen from the objective."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeomnnWarning)
        with effort.begun() as effort:
            return run(problem, choose(dictionary, problem.samples, problem.norm), effort)


def in_wedges(block: Block, table: np.ndarray, bias: bool) -> Block:
    """The same outputs on a table from wedges of its rows, at no higher cost (p = 1)."""
    offsets = (block.biases, block.shift) if bias else (None, None)
    return Block.of(rewrite([(block.inner, offsets[0]), (block.outer.T, offsets[1])], table).network)


def at_the_least_cost(table: np.ndarray, block: Block, bias: bool, effort: Effort) -> Block:
    """A block with the same outputs, from its own neurons and those that (C) finds for targets ever closer to them."""
    wanted, blocks = block(table), [block]
    centred = wanted - wanted.mean(axis=0) if bias else wanted
    samples = Samples(table, bias)
    reg = PURSUIT * float(np.linalg.norm(samples.homogeneous.T @ centred, axis=1).max())
    targets = wanted
    for _ in range(REFINEMENTS if reg > 0 else 0):
        blocks.append(Block.of(solved(pose(table, targets, reg, 1, bias, "squared"), "auto", effort).network))
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
    return Block(inner[chosen], biases[chosen], z, shift, tuple(atoms[k] for k in chosen))


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
