"""Lines of NumPy that compute the bound of a certificate anew, from its dual vector and the data alone.

Every subset of samples and directions that spans a neuron is gone through where they are few; elsewhere neurons
are drawn at random and the largest correlation is taken from the certificate.

Source: geomnn theory, sections 0 and 1.
"""

from __future__ import annotations

from math import comb

from geomnn.checker.digits import written
from geomnn.report.study import Study

__all__ = ["check_lines", "coverage"]

MOST_SUBSETS, MOST_PRODUCTS, DRAWN = 20_000, 20_000_000, 10_000
NORMS = {"1": "1", "2": "2", "inf": "np.inf"}


def coverage(study: Study) -> str:
    """What `check_lines` looks at: "all" atoms of the dictionary, some that are "drawn", or "none"."""
    n, program = len(study.X), study.solution.certificate.coverage.program
    if program == "sampled" or _vectors(study) < _members(study):
        return "none"  # nobody can draw them again, or there are none
    subsets = comb(_vectors(study), _members(study))
    few = subsets <= MOST_SUBSETS and subsets * n <= MOST_PRODUCTS
    finite = program == "wedge" or study.request.norm != "2" or (len(study.features) == 1)
    scope = study.solution.certificate.coverage.scope
    return "all" if few and finite and scope != "local" else "drawn"


def check_lines(study: Study) -> str:
    """A program that prints the objective, the largest correlation and the lower bound.

    It runs in the folder of the report, with the data in it, and needs NumPy and nothing of geomnn.
    """
    parts = [_reading(study), _objective(study)]
    if coverage(study) != "none":
        parts.append(_neurons(study))
    return "\n\n".join([*parts, _bound(study)])


def _members(study: Study) -> int:
    """How many samples and directions span a hyperplane."""
    return len(study.features) - (not study.request.bias)


def _vectors(study: Study) -> int:
    d, n = len(study.features), len(study.X)
    if study.solution.certificate.coverage.program == "wedge":
        return n
    return n + (d * (d - 1) if study.request.norm == "inf" else d)


def _reading(study: Study) -> str:
    parameters = ["CLASSES"] * bool(study.classes) + ["DEVIATION", "MEAN"] * (study.scaling is not None)
    names = ", ".join([*parameters, "OUTER", "WEIGHTS", "predict"])
    combinations = ["from itertools import combinations"] * (coverage(study) == "all")
    decimals = ["from decimal import Decimal"] * all(
        written(name) is not None for name in study.classes or [None]
    )
    lines = [
        "import csv, json",
        *decimals,
        *combinations,
        "import numpy as np",
        f"from network import {names}  # network.py",
        "",
        'with open("certificate.json", encoding="utf-8") as stream:',
        "    record = json.load(stream)",
        f'with open({study.file!r}, encoding="utf-8-sig", newline="") as stream:',
        "    rows = csv.reader(stream, skipinitialspace=True)",
        "    head, *rows = [[cell.strip() for cell in row] for row in rows if any(row)]",
        "columns = dict(zip(head, zip(*rows)))",
        'problem, reg, v = record["problem"], record["problem"]["reg"], np.array(record["dual"])',
        'X = np.array([columns[name] for name in problem["features"]], dtype=float).T',
        _targets(study),
    ]
    return "\n".join(lines)


def _targets(study: Study) -> str:
    column = 'np.array(columns[problem["target"]])'
    if not study.classes:
        return 'y = np.array(columns[problem["target"]], dtype=float)'
    if any(written(name) is None for name in study.classes):
        return f"y = np.where({column} == CLASSES[1], 1.0, -1.0)"
    return f"y = np.array([1.0 if Decimal(cell) == Decimal(CLASSES[1]) else -1.0 for cell in {column}])"


def _objective(study: Study) -> str:
    losses = {"squared": "0.5 * np.sum((f - y) ** 2)", "logistic": "np.sum(np.logaddexp(0, -y * f))"}
    lines = [
        "f = predict(X)",
        f"penalty = np.linalg.norm(WEIGHTS, {NORMS[study.request.norm]}, axis=1) ** 2 + OUTER**2",
        f'print("objective", {losses[study.request.loss_name]} + reg / 2 * np.sum(penalty))',
    ]
    return "\n".join(lines)


def _neurons(study: Study) -> str:
    """The correlations of v with the units that subsets of samples and directions span."""
    bias, d, k = study.request.bias, len(study.features), _members(study)
    lines = ["X = (X - MEAN) / DEVIATION"] * (study.scaling is not None)
    lines += ["X = X - X[0]  # which moves the biases only"] * bias
    if k:
        lines.append("scale = np.abs(X).max(axis=0) + (X == 0).all(axis=0)")
        points = "X / scale, np.ones(len(X))" if bias else "X / scale"
        lines.append(f"vectors = np.column_stack([{points}])" if bias else f"vectors = {points}")
        lines += _directions(study)
        if coverage(study) == "all":
            lines.append(f"subsets = list(combinations(range(len(vectors)), {k}))")
        else:
            lines.append("random = np.random.default_rng()")
            draw = f"random.choice(len(vectors), {k}, replace=False)"
            lines.append(f"subsets = [{draw} for _ in range({DRAWN:_})]")
        lines += [
            "_, volumes, frames = np.linalg.svd(vectors[np.array(subsets)])",
            "u = frames[volumes[:, -1] > 1e-9 * volumes[:, 0], -1]  # orthogonal to its subset",
        ]
        lines += [f"u = u[np.abs(u[:, :{d}]).max(axis=1) > 1e-9]"] * bias
        lines.append(f"w = u[:, :{d}] / scale" if bias else "w = u / scale")
    else:
        lines.append("w = np.ones((1, 1))")
    active = f"X @ w.T + u[:, {d}]" if bias else "X @ w.T"
    lines += [
        f"active = ({active}) / np.linalg.norm(w, {NORMS[study.request.norm]}, axis=1)",
        "found = max(np.abs(v @ np.maximum(s * active, 0)).max(initial=0) for s in (1, -1)) / reg",
        'print("largest |correlation| / reg of", 2 * len(w), "neurons", found)',
    ]
    return "\n".join(lines)


def _directions(study: Study) -> list[str]:
    d = len(study.features)
    if study.solution.certificate.coverage.program == "wedge":
        return []
    if study.request.norm == "inf":
        if d == 1:
            return []
        directions = ["e = np.eye(len(scale))",
                      "pairs = [e[l] + s * e[m] for l in range(len(e)) for m in range(l) for s in (1, -1)]",
                      "directions = np.array(pairs) / scale"]  # fmt: skip
    else:
        directions = ["directions = np.eye(len(scale))"]
    if study.request.bias:
        directions.append("directions = np.column_stack([directions, np.zeros(len(directions))])")
    return [*directions, "vectors = np.vstack([vectors, directions])"]


def _bound(study: Study) -> str:
    claimed = 'record["claim"]["largest_correlation"]'
    largest = {"all": "found", "drawn": f"found, {claimed}", "none": claimed}[coverage(study)]
    lines = [f"v = v / max(1, {largest})  # now no correlation is above reg"]
    if study.request.loss_name == "squared":
        bound = "v @ y - v @ v / 2"
    else:
        lines.append("p = np.clip(v * y, 1e-300, 1 - 1e-16)")
        bound = "-np.sum(p * np.log(p) + (1 - p) * np.log1p(-p))"
    lines += ['print("sum of v", v.sum())'] * study.request.bias
    lines.append(f'print("lower bound", {bound})')
    return "\n".join(lines)
