"""Proofs by cells, checked: a tree of cones that cover all unit neurons, on each of which F(u) ≤ T ‖w‖.

The file has v and masses on pairs of samples in integers, and the tree; that each cone is closed is computed here, as
`geomnn.checker.cones` has it, without any rounding. With (T + slack)/scale no less than the largest correlation of v,
s = reg scale/(T + slack) makes it no more than reg, and no network costs less than s v·y − ½ s² v·v.

Source: geomnn theory, section 9, L8 to L10.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from geomnn.checker.cones import Cell, Grid, closed, halves, roots
from geomnn.checker.plans import scaled
from geomnn.checker.statements import Falsehood, brief, covered_networks, digest, number, require, seal
from geomnn.checker.surds import Surd

__all__ = ["cell_words", "check_cells", "fingerprint"]

CELL_KEYS = {
    "": {"format", "version", "bound", "problem", "dual", "pairs", "most", "tree", "sha256", "claim", "seal"},
    "problem": {
        "loss",
        "norm",
        "bias",
        "reg",
        "features",
        "target",
        "classes",
        "samples",
        "scaling",
        "sha256",
    },
    "claim": {"dual", "cells", "statement"},
}


def cell_words(cells: int, dual: Fraction) -> str:
    """The claim in words: ten digits of the bound, rounded down."""
    networks, below = covered_networks("global"), Surd(dual).decimal()
    return f"{networks} has a training objective below {below}: {cells:,} cells, checked in exact arithmetic."


def fingerprint(pairs: Any, tree: Any) -> str:
    """SHA-256 of pairs and tree: other ones may well prove the same, and are not those that were written."""
    return hashlib.sha256(json.dumps([pairs, tree]).encode()).hexdigest()


def check_cells(
    document: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> list[str]:
    """Check every statement of a proof by cells, and say what was proved; arguments as in `check_proof`.

    Raises
    ------
    Falsehood
        With the first statement that does not hold.
    """
    problem, dual, most, reg = _checked_form(document, rows, targets)
    norm, bias = problem["norm"], problem["bias"]
    grid = Grid.of(scaled(rows, problem["scaling"]), bias)
    cells = _check_tree(document["tree"], roots(grid, dual, document["pairs"], bias), most, norm)
    unit = reg * grid.scale / (most + grid.slack(dual, norm))
    bound = unit * sum(a * y for a, y in zip(dual, targets, strict=True))
    bound -= unit**2 * sum(a * a for a in dual) / 2
    claim, words = document["claim"], cell_words(cells, bound)
    require(type(claim["cells"]) is int and claim["cells"] == cells, f"There are {cells} cells.")
    require(claim["dual"] == str(bound), "The claimed bound is not that of the cells.")
    require(claim["statement"] == words, f"The claimed statement is not what was proved: {words}")
    require(document["seal"] == seal(document), "The proof was changed after it was written (seal).")
    return [
        f"{cells:,} cells cover all neurons, and none in them is correlated with dual by more than reg.",
        words,
    ]


def _checked_form(
    document: dict[str, Any], rows: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> tuple[dict[str, Any], list[int], int, Fraction]:
    """The problem, v, T and reg; refused is what is not whole and in its only spelling."""
    require(type(document.get("version")) is int and document["version"] == 1, "The version is not 1.")
    for part, keys in CELL_KEYS.items():
        content = document[part] if part else document
        require(isinstance(content, dict) and set(content) == keys,
                f"The keys of {part or 'the proof'} are not {', '.join(sorted(keys))}.")  # fmt: skip
    problem, dual, most, n = document["problem"], document["dual"], document["most"], len(rows)
    require(problem["loss"] == "squared", f"The loss is {brief(problem['loss'])}.")
    require(problem["norm"] in ("1", "2", "inf"), f"The norm is {brief(problem['norm'])}.")
    require(type(problem["bias"]) is bool, f"bias is {brief(problem['bias'])}.")
    require(type(problem["samples"]) is int and problem["samples"] == n, f"There are {n} samples.")
    reg = number(problem["reg"], "reg") if isinstance(problem["reg"], str) else Surd()
    require(set(reg.terms) == {1} and reg.sign() > 0, f"reg is {brief(problem['reg'])}.")
    require(problem["sha256"] == digest(problem, rows, targets),
            "The data or the problem are not those that were bounded (sha256).")  # fmt: skip
    require(isinstance(dual, list) and len(dual) == n and all(type(a) is int for a in dual),
            "dual is no list of an integer for each sample.")  # fmt: skip
    require(not problem["bias"] or sum(dual) == 0, "The entries of dual do not sum to 0.")
    require(type(most) is int and most > 0, f"most is {brief(most)}.")
    pairs = document["pairs"]
    require(
        isinstance(pairs, list) and all(_is_pair(each, n) for each in pairs), "A pair is none of samples."
    )
    require(document["sha256"] == fingerprint(pairs, document["tree"]),
            "The pairs or the tree are not those that were written (sha256).")  # fmt: skip
    return problem, dual, most, reg.terms[1]


def _is_pair(each: Any, n: int) -> bool:
    """Whether it is i, j and a mass above 0."""
    whole = isinstance(each, list) and len(each) == 3 and all(type(k) is int for k in each)
    return whole and 0 <= each[0] < n and 0 <= each[1] < n and each[2] > 0


def _check_tree(tree: Any, begin: Iterable[Cell], most: int, norm: str) -> int:
    """How many cells a tree has: for each, from the root to the left, 00, or the number of the edge that is halved."""
    try:
        steps = bytes.fromhex(tree) if isinstance(tree, str) and tree.lower() == tree else b""
    except ValueError as reason:
        raise Falsehood("The tree is not written in hexadecimal digits.") from reason
    left = iter(steps)
    for root in begin:
        stack, edges = [root], list(combinations(range(len(root.linear)), 2))
        while stack:
            cell, step = stack.pop(), next(left, -1)
            require(0 <= step <= len(edges), "A cell is missing, or has no such edge.")
            if step:
                stack.extend(halves(cell, *edges[step - 1]))
            else:
                require(closed(cell, most, norm)[0], "A cell is not closed.")
    require(
        next(left, None) is None and 2 * len(steps) == len(tree), "There are more cells than the tree has."
    )
    return len(steps)
