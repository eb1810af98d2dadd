"""What depth can buy: exact optima of two, three, … layers beside the bound by transport, of every depth.

python tests/benchmarks/bench_depth.py             # 20 tables, reg 0.02 and 0.1
python tests/benchmarks/bench_depth.py 200 6       # as many tables; so many layers have to be enough

**All networks of a depth are a polytope.** Let C_L be the convex hull of ± the outputs on n samples, up to constants,
of the units of L layers whose paths have a norm of 1. A unit of one layer more is the ReLU of a combination of these of
norm 1, and a bias:

    C_{L+1} = conv ± {(z + b)_+ : z ∈ C_L, b ∈ R}.

On the cell of one sign pattern (·)_+ is linear, so the hull is that of images of vertices of cells, of C_L where all
signs are +, and of 0. A vertex ζ = z + b of a cell vanishes on a set I of samples that is not empty, as b is free, and
is a vertex of {ζ : ζ_i = 0 on I}, as the signs of the others do not bind: a section of C_L. So

    C_{L+1} = conv ± (C_L ∪ {ζ_+ : ζ a vertex of {ζ ∈ C_L + R 1 : ζ_i = 0 on I}, I ⊂ {1..n}}),

2^n sections in at most n − 1 dimensions, by Qhull. If C_{L+1} = C_L, then no further layer changes anything, whatever
y and reg are. The optimum is that of a Lasso over the vertices, whose dual is a projection. Connections that skip
layers are among these networks: a feature passes a ReLU whose bias is large.

C_2 comes from the atoms of `geomnn`; optima of two layers, and of three and four where `geomnn` enumerates them in a
moment, are compared with it.
"""

import sys
from itertools import combinations, pairwise

import numpy as np
from scipy.optimize import nnls
from scipy.spatial import ConvexHull, QhullError

import geomnn as gm
from geomnn.dictionaries import WedgeDictionary
from geomnn.samples import Samples

CLOSE = 1e-8  # up to which two polytopes of size 1 are the same
ALIKE = 1e-6  # relative, two optima
OPTIONS = ("Qt", "Qx", "Q14", "QJ")  # of Qhull, the last one moves points, by 1e-10 or so


def hull(points):
    """Vertices, and facets a·x ≤ 1, of the hull of ± points (k, m), which spans all dimensions."""
    size = np.abs(points).max()
    points = np.concatenate([points, -points]) / size
    if points.shape[1] == 1:
        return size * np.array([[1.0], [-1.0]]), np.array([[1.0], [-1.0]]) / size
    points = np.unique(points.round(10), axis=0)
    for options in OPTIONS:
        try:
            found = ConvexHull(points, qhull_options=options)
        except QhullError:
            continue
        facets = np.unique((found.equations[:, :-1] / -found.equations[:, -1:]).round(11), axis=0)
        if (points @ facets.T).max() <= 1 + CLOSE:
            return size * points[found.vertices], facets / size
    raise ArithmeticError("Qhull finds no hull of these points.")


class Units:
    """C_L: vertices (k, n), of which the last sample has 0, and facets a·z ≤ 1 that constants do not change.

    Outputs that are within it but for rounding make no vertices of their own.
    """

    def __init__(self, outputs, known=None):
        if known is not None:
            outside = (outputs @ known.facets.T).max(axis=1) > 1 + CLOSE
            outputs = np.concatenate([known.vertices, outputs[outside]])
        vertices, facets = hull(outputs[:, :-1] - outputs[:, -1:])
        self.vertices = np.column_stack([vertices, np.zeros(len(vertices))])
        self.facets = np.column_stack([facets, -facets.sum(axis=1)])

    @classmethod
    def of_two_layers(cls, X):
        samples = Samples(X, True)
        atoms = WedgeDictionary(samples, 1.0, directions=True).units()
        return cls(np.concatenate([samples.activations(s * units).T for units in atoms for s in (1, -1)]))

    def deeper(self):
        """C_{L+1}."""
        n = self.vertices.shape[1]
        found = [np.maximum(self.vertices - self.vertices[:, [i]], 0.0) for i in range(n)]
        for size in range(1, n - 1):
            for rest in map(list, combinations(range(n), size)):  # those not in I
                vertices = hull(self.facets[:, rest])[1]  # the facets of the polar
                section = np.zeros((len(vertices), n))
                section[:, rest] = vertices
                found.append(np.maximum(section, 0.0))
        return type(self)(np.concatenate(found), self)

    def holds(self, other):
        """Whether another polytope is within this one."""
        return (other.vertices @ self.facets.T).max() <= 1 + CLOSE

    def value(self, y, reg):
        """The least ½ |f − y|² + reg · gauge of f up to constants: D at the v nearest to y, |z·v| ≤ reg, Σ v = 0.

        The nearest point of a polyhedron by non-negative least squares (Lawson and Hanson, chapter 23).
        """
        n = len(y)
        basis = np.linalg.svd(np.ones((1, n)))[2][1:].T  # of what has the sum 0
        rows, y = self.vertices @ basis, basis.T @ y
        system = np.vstack([-rows.T, rows @ y - reg])  # v = y + u, −rows·u ≥ rows·y − reg
        wanted = np.append(np.zeros(n - 1), 1.0)
        rest = system @ nnls(system, wanted, maxiter=100 * len(rows))[0] - wanted
        v = y - rest[:-1] / rest[-1] if np.abs(rest).max() > CLOSE else y
        return float(v @ y - v @ v / 2)


def every_depth(X, deepest):
    """C_2, C_3, … up to the first that is the one before; it has to be among so many layers."""
    units = [Units.of_two_layers(X)]
    for _ in range(deepest - 1):
        units.append(units[-1].deeper())
        if units[-2].holds(units[-1]):
            return units
    raise ArithmeticError(f"Networks of more than {deepest} layers can do what others cannot.")


def tables(count):
    """d = 1 to 3 features, n = 3 to 5 samples."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        n, d = 3 + seed // 3 % 3, 1 + seed % 3
        yield rng.normal(size=(n, d)).round(2), rng.normal(size=n).round(2)


def enumerated(X, y, reg, depth):
    """The optimum by `geomnn`, where it takes a moment; None elsewhere."""
    n, d = X.shape
    if depth == 2 or (depth == 3 and (n < 5 or d == 1)) or (depth == 4 and n == 3):
        certificate = gm.derive(X, y, reg=reg, depth=depth).certificate
        assert certificate.coverage.scope == "global", (X, depth)
        return certificate.primal
    return None


def main(count=20, deepest=6):
    reached, settled, compared = np.zeros(deepest - 1, dtype=int), np.zeros(deepest - 1, dtype=int), 0
    layers = np.zeros(deepest - 1, dtype=int)
    print("  n d   reg   2 layers   3 layers   4 layers  any depth  from  transport    above it")
    for X, y in tables(count):
        n, d = X.shape
        units = every_depth(X, deepest)
        layers[len(units) - 2] += 1
        for reg in (0.02, 0.1):
            values = [each.value(y, reg) for each in units]
            values += values[-1:] * (deepest - len(values))
            for depth, value in enumerate(values, 2):
                known = enumerated(X, y, reg, depth)
                if known is not None:
                    compared += 1
                    assert abs(value / known - 1) <= ALIKE, (n, d, reg, depth, value, known)
            least = gm.bound(gm.derive(X, y, reg=reg), method="transport").proven.value
            assert all(value >= least * (1 - ALIKE) for value in values)
            assert all(a >= b * (1 - ALIKE) for a, b in pairwise(values))
            excess = [max(value / least - 1, 0.0) for value in values[:-1]]
            equal = [value / values[-1] - 1 <= ALIKE for value in values[:-1]]
            reached += np.array(excess) <= ALIKE
            settled += np.array(equal)
            shown = " ".join(f"{value:10.7f}" for value in (*values[:3], values[-1]))
            print(
                f"  {n} {d} {reg:5g} {shown} {2 + equal.index(True):5} {least:10.7f} {100 * excess[-1]:9.3f} %",
                flush=True,
            )
    for name, counts in (("transport is reached", reached), ("the optimum of any depth is reached", settled)):
        words = ", ".join(f"{number} by {depth} layers" for depth, number in enumerate(counts, 2))
        print(f"of {2 * count} problems {name} in {words}")
    words = ", ".join(f"{number} at {depth}" for depth, number in enumerate(layers, 2) if number)
    print(f"of {count} polytopes C_L stop growing {words} layers")
    print(f"{compared} of these optima are those that geomnn enumerates")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
