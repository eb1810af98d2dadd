"""Networks that are chosen from all optimal ones, from a polytope of amounts.

Source: geomnn theory, section 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import nnls

from geomnn.atoms import Atom, MergedWedge
from geomnn.errors import OptionError
from geomnn.files import write_whole
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.numbers.rationals import exact_number
from geomnn.optima.polytope import Polytope
from geomnn.optima.set_file import set_document, set_text
from geomnn.validation import check_flag, check_integer

__all__ = ["SURE", "VERTICES", "Choices"]

SURE = 10.0  # times the tolerance, relative to the cost, from which on an amount is not zero; up to which it may be
VERTICES = 10_000  # bases that are looked at unless said otherwise
DOCUMENT = 1000  # and for a file


class Choices:
    """What `OptimalSet` says about single networks, and what it writes down."""

    solution: Any
    atoms: tuple[Atom, ...]
    polytope: Polytope
    tolerance: float
    exact: Any
    cost: Any
    rank: Any
    used: Any
    _ways: Any
    _first: Any
    _constant: Any

    def merged(self, rows: Sequence[Sequence[Any]] | np.ndarray) -> AnalyticNetwork:
        """The network whose neurons are Σ_u rows_ju u, named by these parts.

        Parameters
        ----------
        rows : array_like, shape (m, k)
            Amounts of the active atoms, for each neuron those of one cell; together a point of the polytope.
        """
        problem, given = self.solution.problem, self.solution.network
        table = np.asarray(rows).reshape(len(rows), len(self.atoms))
        exact, least = self.exact and table.dtype != float, self.tolerance * float(self.cost)
        table = table * Fraction(1) if exact else table
        ways, constant, t = (
            array if exact else array.astype(float) for array in (self._ways, self._constant, self._first)
        )
        atoms, outer = [], []
        for row in table:
            parts = np.flatnonzero(row > least)
            if len(parts):
                size = sum(row[parts])
                named = [(row[k] / size, self.atoms[k] if exact else self.atoms[k].numeric()) for k in parts]
                atoms.append(named[0][1] if len(named) == 1 else MergedWedge.of(named))
                outer.append(size * ways[parts[0]])
                t = t - row[parts] @ constant[parts]
        shape = given.features, given.norm, given.bias
        names = problem.samples.names
        if exact:
            neurons = [ExactNeuron(atom, z[0]) for atom, z in zip(atoms, outer, strict=True)]
            return AnalyticNetwork(neurons, t[0], *shape, feature_names=names)
        z = np.array(outer).reshape(len(atoms), problem.outputs)
        if problem.one_column:
            return AnalyticNetwork.from_atoms(atoms, z[:, 0], float(t[0]), *shape, feature_names=names)
        return AnalyticNetwork.from_atoms(atoms, z, t, *shape, feature_names=names)

    def network(self, amounts: Sequence[Any] | np.ndarray) -> AnalyticNetwork:
        """The network with these amounts ‖z_u‖ of the active atoms, a point of the polytope.

        Parameters
        ----------
        amounts : sequence of k numbers
        """
        return self.merged(np.diag(np.asarray(amounts)))

    def choose(self, values: Sequence[Any], largest: bool = True) -> AnalyticNetwork:
        """An optimal network over the dictionary for which Σ_u values_u ‖z_u‖ is largest, or least.

        Parameters
        ----------
        values : sequence of k numbers
            For each of the active atoms, in the order of ``neurons``.
        largest : bool

        Raises
        ------
        OptionError
            If there are more or fewer values than active atoms.
        """
        check_flag("largest", largest)
        if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str):
            raise OptionError(f"values={values!r}; a list of numbers was expected, one for each active atom.")
        if len(values) != len(self.atoms):
            raise OptionError(
                f"{len(values)} values came for {len(self.atoms)} active atoms; one for each was expected, in the "
                "order of optimal_set(…).neurons."
            )
        given = [
            number if self.exact else float(number)
            for number in (exact_number(value, f"values[{k}]") for k, value in enumerate(values))
        ]
        return self.network(self.polytope.highest([value if largest else -value for value in given])[1][0])

    def central(self) -> AnalyticNetwork:
        """The optimal network over the dictionary with the least Σ_u ‖z_u‖², in float64.

        There is one, and it changes continuously with reg. With the least a that solves the equations of the polytope
        and orthonormal directions N in which they hold it is a + N·y,

            minimise ‖y‖  subject to  N·y ≥ −a,

        which is a problem of least squares with signs (C. L. Lawson, R. J. Hanson, Solving Least Squares Problems, 23).
        """
        columns, right = self.polytope.columns.astype(float), self.polytope.right.astype(float)
        rank = self.polytope.rank(self.polytope.columns)
        left, sizes, across = np.linalg.svd(columns)
        a = ((left.T @ right)[:rank] / sizes[:rank]) @ across[:rank]
        N = across[rank:].T
        if not N.shape[1]:
            return self.network(np.maximum(a, 0.0))
        system = np.vstack([N.T, -a])
        target = np.append(np.zeros(N.shape[1]), 1.0)
        rest = system @ nnls(system, target)[0] - target
        return self.network(np.maximum(a - N @ (rest[:-1] / rest[-1]), 0.0))

    def vertices(self, limit: int = VERTICES) -> list[AnalyticNetwork]:
        """The optimal networks that are no mean of others: those whose activations are independent.

        Parameters
        ----------
        limit : int
            Of the choices of neurons that are looked at.

        Returns
        -------
        list of AnalyticNetwork
            Those with the fewest neurons first.

        Raises
        ------
        UnsupportedProblem
            In float64, if rounding hides whether an amount is zero, as where a status is "undecided", or whether
            activations are independent.
        EnumerationTooLarge
            If there are more choices.
        """
        points = self._corners(check_integer("limit", limit, 1))
        points.sort(key=lambda point: (np.count_nonzero(point), [not value for value in point]))
        return [self.network(point) for point in points]

    def _corners(self, limit: int) -> list[np.ndarray]:
        """The vertices, if rounding hides none of them.

        ∂²L/∂f² is at most the largest weight s of a sample, so v is known to √(2 s gap), and what moves with it, atoms
        for p = 2, the o_u of several outputs and f(X), relative to its size to some ‖X̃‖/reg times that. A projection
        on a polyhedron is known to rounding: its active set solves the equations of a face.
        """
        problem, doubt = self.solution.problem, 0.0
        if not problem.is_projection or self.solution.dictionary.atoms_move:
            gap = max(float(self.solution.certificate.gap), 0.0) * np.max(problem.loss.s)
            doubt = float(np.linalg.norm(problem.samples.homogeneous, 2) * np.sqrt(2 * gap) / problem.reg)
        return [*self.polytope.vertices(self.used, limit, self.tolerance, max(SURE * self.tolerance, doubt))]

    def document(self, paths: Iterable[Any] = (), limit: int = DOCUMENT) -> dict[str, Any]:
        """What is known of all optimal networks, with what proves it, as `geomnn.exact.verify` checks it.

        Each statement has a network or multipliers λ of linear programs that prove it, in rational numbers: the
        active atoms (there are no others), the ends of their intervals, dimension and rank, vertices, networks of
        `fewest` neurons, which may take its time, and paths. That vertices are all, or that no network has fewer
        neurons, is said where it is proved.

        Parameters
        ----------
        paths : iterable of OptimalPath
            Some of `path`, to be in it.
        limit : int
            Of choices of neurons that are looked at for all vertices; if there are more, some are listed.

        Returns
        -------
        dict
            As docs/schemas/optimal_set.schema.json says.

        Raises
        ------
        UnsupportedProblem
            If the solution is not exact.
        OptionError
            If the limit is none, or a path is not one of this set.

        Examples
        --------
        >>> import geomnn as gm
        >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]
        >>> optima = gm.optimal_set(gm.derive(X, y, reg=0.05, exact=True))
        >>> for statement in gm.exact.verify(optima.document(), X, y):
        ...     print(statement)
        Of 12 atoms exactly 4 have the correlation reg with v: 0 indispensable, 4 optional and 0 never in use.
        The optimal networks over the dictionary are a polytope of dimension 1, rank 3, cost 3.2 and 2 vertices.
        An optimal network over the dictionary has 2 neurons, and none has fewer.
        An optimal network of any neurons has 2 neurons, and none has fewer.
        Every optimal network has an atom of each of 4 sets.

        Source: geomnn theory, section 10.
        """
        return set_document(self, paths=paths, limit=limit)

    def save(self, path: str | os.PathLike[str], paths: Iterable[Any] = (), limit: int = DOCUMENT) -> None:
        """Write `document`, so that anyone can check it.

        Parameters
        ----------
        path : path-like
        paths, limit
            As of `document`, which says what is raised.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        write_whole(path, set_text(self.document(paths, limit)))

    @property
    def width_range(self) -> tuple[int, int]:
        """The fewest and the most neurons of a vertex; the former are the fewest over the dictionary."""
        widths = [len(network) for network in self.vertices()]
        return min(widths), max(widths)
