"""What optimal networks predict at a point: the least and the largest of them, and a network that does.

    max f(x) = max Σ_{s=+} z_u (x̃·u)_+ − Σ_{C, s=−} h_C + t,   h_C ≥ Σ_{u∈C} z^C_u x̃·u,  h_C ≥ 0,   z = Σ_C z^C ∈ Z*:

neurons of sign + count most apart, those of sign − least where they merge, and all that are active on every sample may
go on linearly, as the ray (0, 1) lets them. For the minimum the signs change places.

Source: geomnn theory, section 10.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.networks.network import AnalyticNetwork
from geomnn.numbers.rationals import exact_table
from geomnn.optima.choices import Choices
from geomnn.optima.polytope import Merged
from geomnn.validation import check_flag, check_integer, real_table

__all__ = ["Extremes", "check_networks"]


class Extremes(Choices):
    """What `OptimalSet` says of predictions."""

    cells: Any
    columns: Any
    _units: Any
    _always: Any
    _merges: Any

    def predict_interval(self, X: Any, networks: str = "all") -> np.ndarray:
        """The least and the largest prediction of an optimal network.

        Parameters
        ----------
        X : array_like, shape (m, d)
        networks : {"all", "dictionary"}
            All optimal networks, with merged neurons where all unit neurons compete, or those over the dictionary; for
            several outputs the latter alone.

        Returns
        -------
        ndarray, shape (m, 2), or (m, c, 2) for several outputs
            Fractions where the solution is exact.

        Raises
        ------
        UnsupportedProblem
            If merged neurons of several outputs are asked for.
        DataError, OptionError
        """
        points, merged, outputs = self._points(X, networks), self._merged(networks), len(self._first)
        found = [
            [
                [sense * self._best(x, output, sense, merged)[0] for sense in (-1, 1)]
                for output in range(outputs)
            ]
            for x in points
        ]
        ends = np.array(found, dtype=self._units.dtype).reshape(len(points), outputs, 2)
        return ends[:, 0] if outputs == 1 else ends

    def extreme(
        self, x: Any, largest: bool = True, networks: str = "all", output: int = 0
    ) -> AnalyticNetwork:
        """An optimal network with the largest prediction at a point, or the least: an end of `predict_interval`.

        Parameters
        ----------
        x : array_like, shape (d,)
        largest : bool
        networks : {"all", "dictionary"}
            As of `predict_interval`, which says what is raised.
        output : int
            Of several.

        Examples
        --------
        No sample is at the bottom of this valley, and it may be flat or sharp:

        >>> import geomnn as gm
        >>> X, y = [[-3], [-2], [-1], [1], [2], [3]], [6, 3, 1, 1, 3, 6]
        >>> optima = gm.optimal_set(gm.derive(X, y, reg=0.5, exact=True))
        >>> lowest, highest = optima.extreme([0], largest=False), optima.extreme([0])
        >>> [round(float(network([[0]])[0]), 6) for network in (lowest, highest)]
        [-1.166667, 1.083333]
        """
        (point,) = self._points([x], networks)
        column, sense = (
            check_integer("output", output, 0, len(self._first) - 1),
            1 if check_flag("largest", largest) else -1,
        )
        # without the ray (0, 1), whose neurons have no names: the other side of one that is active on all samples is
        # made of active atoms too, so that nothing is lost
        return self.merged(self._best(point, column, sense, self._merged(networks), False)[1])

    def _points(self, X: Any, networks: str) -> list[np.ndarray]:
        """Checked points (x, 1) that are asked about."""
        check_networks(networks)
        problem, table = self.solution.problem, real_table(X, "X")
        if (d := problem.samples.d) != table.shape[1]:
            raise DataError(
                f"X has {table.shape[1]} features and the samples have {d}: give the same columns."
            )
        if networks == "all" and problem.outputs > 1:
            raise UnsupportedProblem(
                f"networks='all' and {problem.outputs} outputs: it is not known how their neurons merge; take "
                "networks='dictionary'."
            )
        rows = exact_table(X) if self.exact else table.tolist()
        return [np.array([*row, 1], dtype=self._units.dtype) for row in rows]

    def _merged(self, networks: str) -> bool:
        return networks == "all" and bool(self._merges)

    def _best(
        self, x: np.ndarray, output: int, sense: int, merged: bool, ray: bool = True
    ) -> tuple[Any, np.ndarray]:
        """The largest sense·f(x), and the amounts of a network that has it, alone and in each cell."""
        heights = self._units @ x
        shared, ways = -sense * self._constant[:, output], sense * self._ways[:, output]
        values, cells = shared + ways * np.maximum(heights, 0 * heights), []
        if merged:  # what counts against it is least where neurons merge
            against = ways < 0
            if ray:
                linear = np.isin(np.arange(len(ways)), [self.used[k] for k in np.flatnonzero(self._always)])
                values = np.where(against & linear, shared - heights, values)
            for cell in self.cells:
                here = heights[list(cell)]
                if against[cell[0]] and (here > 0).any() and (here < 0).any():
                    cells.append(Merged(cell, [shared[k] for k in cell], [*here]))
        value, rows = self.polytope.highest([*values], cells)
        return value + sense * self._first[output], np.vstack([np.diag(rows[0]), rows[1:]])


def check_networks(networks: Any) -> None:
    """
    Raises
    ------
    OptionError
        If it is not a word for networks.
    """
    if networks not in ("all", "dictionary"):
        raise OptionError(f"networks={networks!r}; 'all' or 'dictionary' was expected.")
