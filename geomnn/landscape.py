"""The landscape that optimal networks live in: how few neurons they need, which widths connect them, and ways between.

Source: geomnn theory, section 10; J. Kim, A. Mishkin, M. Pilanci, arXiv 2411.07729.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from geomnn.atoms import MergedWedge
from geomnn.deadline import Deadline
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.hypertext import Shown
from geomnn.networks.network import AnalyticNetwork
from geomnn.numbers.rationals import exact_number
from geomnn.optima.choices import SURE, VERTICES
from geomnn.optima.extremes import Extremes, check_networks
from geomnn.optima.fewest import Proof, fewest_cells
from geomnn.optima.polytope import ExactPolytope
from geomnn.optima.slots import Slots, pieces_of_vertices
from geomnn.optima.walks import direct_way, way_by_edges, without_rests
from geomnn.validation import check_flag, check_integer

__all__ = ["Components", "Fewest", "Landscape", "OptimalPath"]

# relative to the optimum, up to which the objective of a network is that of it: what float64 leaves of a difference of
# sums over samples and neurons
SAME_OBJECTIVE = 1e-9


@dataclass(frozen=True)
class Components:
    """The pieces of the set of all optimal networks of a width, as points (w_1, b_1, α_1, …), in which no path leads
    from one to another.

    Parameters
    ----------
    count : int
        How many there are; 0 where no optimal network is as narrow.
    isolated : int
        Those that are one network, its neurons in one order.
    """

    count: int
    isolated: int

    @property
    def connected(self) -> bool:
        """Whether there is one, so that there is a path between any two optimal networks."""
        return self.count == 1


@dataclass(frozen=True)
class Fewest:
    """An optimal network with the fewest neurons.

    Parameters
    ----------
    network : AnalyticNetwork
    proof : {"exact", "milp", "none"}
        What excludes fewer neurons: rational arithmetic, branch and bound in float64, or nothing, as time was over.
    """

    network: AnalyticNetwork
    proof: Proof

    @property
    def neurons(self) -> int:
        """How many it has."""
        return len(self.network)


@dataclass(frozen=True, eq=False)
class OptimalPath:
    """A path from one optimal network to another, all of whose points are optimal.

    Parameters
    ----------
    width : int
        The most neurons on it.
    objective : Fraction or float
        The value of (T), everywhere on it.
    """

    width: int
    objective: Any
    _landscape: Landscape = field(repr=False)
    _corners: tuple[np.ndarray, ...] = field(repr=False)

    @cached_property
    def points(self) -> tuple[AnalyticNetwork, ...]:
        """Its corners, the two networks first and last; neurons of weight 0 are left out."""
        return tuple(map(self._landscape.merged, self._corners))

    def __call__(self, s: Any) -> AnalyticNetwork:
        """The network at s of [0, 1], of parts of equal length, each a straight line in the z_u of each neuron.

        Parameters
        ----------
        s : number
            A rational one, as Fractions or floats are, where the solution is exact.

        Raises
        ------
        OptionError
            If it is not between 0 and 1.
        """
        if not isinstance(s, Real) or not 0 <= float(s) <= 1:
            raise OptionError(f"s={s!r}; a number from 0 to 1 was expected.")
        number = exact_number(s, "s") if self._landscape.exact else float(s)
        parts = max(len(self._corners) - 1, 1)
        k = min(int(number * parts), parts - 1)
        share, corners = number * parts - k, self._corners[k : k + 2]
        return self._landscape.merged((1 - share) * corners[0] + share * corners[-1])


class Landscape(Extremes, Shown):
    """What `OptimalSet` says of the widths of optimal networks, and the ways between them."""

    neurons: Any
    merging: Any

    @cached_property
    def _slots(self) -> dict[bool, Slots]:
        """With merged neurons and without."""
        least = SURE * self.tolerance * float(self.cost)
        return {merge: Slots(self.polytope, self.cells if merge else [(k,) for k in self.used], least)
                for merge in (False, True)}  # fmt: skip

    @cached_property
    def _fewest(self) -> dict[bool, Fewest]:
        return {}

    def fewest(self, merge: bool = True, time_limit: float = 60.0) -> Fewest:
        """An optimal network with the fewest neurons.

        Parameters
        ----------
        merge : bool
            Whether neurons may merge to one that is no atom, as two of one sign do that no sample is between; if not,
            over the dictionary.
        time_limit : float
            Seconds for branch and bound; then it is the fewest that were found.

        Raises
        ------
        UnsupportedProblem
            If merged neurons are asked for where it is not known that they are as good, or for several outputs.

        Examples
        --------
        A parabola on five samples takes four neurons with kinks at samples, and two with kinks between:

        >>> import geomnn as gm
        >>> solution = gm.derive([[-2], [-1], [0], [1], [2]], [4, 1, 0, 1, 4], reg=0.5, exact=True)
        >>> optima = gm.optimal_set(solution)
        >>> optima.fewest(merge=False).neurons, optima.fewest().neurons, optima.fewest().proof
        (4, 2, 'exact')
        """
        if not isinstance(time_limit, Real) or not time_limit >= 0:
            raise OptionError(f"time_limit={time_limit!r}; seconds were expected, 0 or more.")
        if check_flag("merge", merge):
            self._check_merging()
        if merge not in self._fewest or self._fewest[merge].proof == "none":
            highs = np.array([neuron.high for neuron in self.neurons], dtype=float)
            cells, proof = fewest_cells(self._slots[merge], highs, Deadline.after(time_limit))
            self._fewest[merge] = Fewest(self.merged(self._slots[merge].network(cells)), proof)
        return self._fewest[merge]

    def components(self, width: int, networks: str = "all") -> Components:
        """The pieces of the set of optimal networks of a width.

        Where neurons do not merge, a vertex of ``width`` neurons is alone, in each order of them; others are joined if
        together they have no more. Where they do, cells are put into slots. Above ``rank`` neurons all optimal networks
        are connected.

        Parameters
        ----------
        width : int
            Neurons of a network, those of weight 0 included.
        networks : {"all", "dictionary"}
            All optimal networks, or those over the dictionary.

        Raises
        ------
        UnsupportedProblem
            For several outputs; in float64, where no neurons merge, if rounding hides which vertices there are.
        EnumerationTooLarge
            If there are too many vertices, or too many ways to put cells into slots.

        Examples
        --------
        >>> import geomnn as gm
        >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True)
        >>> optima = gm.optimal_set(solution)
        >>> [optima.components(width).count for width in (1, 2, 3, 4)]
        [0, 4, 2, 1]
        >>> optima.connected_from()
        4
        """
        check_networks(networks)
        width = check_integer("width", width, 0)
        self._check_scalar(f"components({width})")
        merge = networks == "all" and self.merging
        if width >= self.rank + 1:
            return Components(1, 0)
        fewest = self.fewest(merge)
        if width < fewest.neurons and fewest.proof != "none":
            return Components(0, 0)
        if not self.used:
            return Components(1, 1)  # no neuron at all
        slots = self._slots[merge]
        free = frozenset(self.used[k] for k in np.flatnonzero(self._always) if merge)
        if all(len(cell) == 1 for cell in slots.cells):
            return Components(*pieces_of_vertices(np.array(self._corners(VERTICES)) > 0, width, free))
        pieces = slots.pieces(width)
        return Components(len(pieces), sum(slots.is_point(piece, free) for piece in pieces))

    def connected_from(self, networks: str = "all") -> int:
        """The width from which on all optimal networks of a width are connected.

        Parameters
        ----------
        networks : {"all", "dictionary"}
            As of `components`, which says what is raised.
        """
        check_networks(networks)
        width = self.rank + 1
        while width and self.components(width - 1, networks).connected:
            width -= 1
        return width

    def path(self, a: AnalyticNetwork, b: AnalyticNetwork, width: int | None = None) -> OptimalPath:
        """A path of optimal networks from one to another, in which neurons keep the places that they have.

        It is a broken line in the z_u of each neuron. Below ``rank`` + 1 neurons the cells of its slots are searched;
        from there on there is one: both ends lose dependent neurons, and edges of the polytope join what is left.

        Parameters
        ----------
        a, b : AnalyticNetwork
            Networks of this set, as `vertices`, `choose`, `fewest` and other paths give them.
        width : int, optional
            The most neurons on the way; if not given, the fewest with which one was found.

        Raises
        ------
        OptionError
            If a network is not optimal, or no path has that width.
        UnsupportedProblem
            For several outputs.
        EnumerationTooLarge
            If there are too many ways to put cells into slots.

        Examples
        --------
        >>> import geomnn as gm
        >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=0.05, exact=True)
        >>> optima = gm.optimal_set(solution)
        >>> path = optima.path(*optima.vertices())
        >>> path.width, len(path.points), path.objective
        (4, 4, Fraction(9, 50))
        """
        self._check_scalar("path")
        ends = self._rows(a, "a"), self._rows(b, "b")
        least, together = max(map(len, ends)), sum(map(len, ends))
        if width is not None and check_integer("width", width, 0) < least:
            raise OptionError(f"width={width} and a network of {least} neurons; at least as many are needed.")
        most = self.rank + 1 if self.exact else together
        for each in range(least, max(least, most) + 1) if width is None else (width,):
            corners = self._way(*ends, each, width is not None)
            if corners is not None:
                return OptimalPath(each, self.solution.objective, self, tuple(without_rests(corners)))
        more = self.path(a, b).width
        raise OptionError(
            f"There is no path of width {width} between these networks; there is one at {more}."
        )

    def _way(self, a: np.ndarray, b: np.ndarray, width: int, asked: bool) -> list[np.ndarray] | None:
        """The corners of a path; None if there is none, or if finding it takes a long search that was not asked for."""
        first, last = (np.vstack([rows, np.repeat(self._none, width - len(rows), axis=0)]) for rows in (a, b))
        slots = self._slots[True]
        if (first == last).all():
            return [first]
        if width >= len(a) + len(b):
            return direct_way(first, last)
        if isinstance(self.polytope, ExactPolytope) and width > self.rank:
            return way_by_edges(self.polytope, first, last)
        if not asked and not slots.fits(width):
            return None
        joints = slots.route(slots.place(first), slots.place(last))
        return None if joints is None else [first, *joints, last]

    @property
    def _none(self) -> np.ndarray:
        """A neuron without parts, shape (1, k)."""
        return np.full((1, len(self.atoms)), Fraction(0) if self.exact else 0.0)

    def _rows(self, network: Any, name: str) -> np.ndarray:
        """The amounts of the active atoms in each neuron of an optimal network, shape (m, k)."""
        problem, optimum = self.solution.problem, self.solution.objective
        if not isinstance(network, AnalyticNetwork) or network.features != problem.samples.d:
            raise OptionError(
                f"{name}={network!r}; a network of this set was expected, such as one of vertices() or choose()."
            )
        if self.exact and not network.exact:
            raise OptionError(
                f"{name} is a network in float64, which rounding may take out of the set; take one in rational "
                "numbers, such as one of vertices(), choose() or fewest()."
            )
        value = problem.training_objective(*network.arrays())
        if value - optimum > SAME_OBJECTIVE * abs(optimum):
            raise OptionError(
                f"{name} is not optimal: its objective is {value:.9g}, and the least is {float(optimum):.9g}; take a "
                "network of this set, such as one of vertices(), choose() or fewest()."
            )
        places, rows = (
            {atom: k for k, atom in enumerate(self.atoms)},
            np.repeat(self._none, len(network), axis=0),
        )
        for row, neuron in zip(rows, network.neurons, strict=True):
            atom, size = neuron.atom, abs(neuron.coefficient)
            for share, part in atom.parts if isinstance(atom, MergedWedge) else ((1, atom),):
                if part not in places:
                    raise OptionError(
                        f"{name} has the neuron {part}, which is no active atom; take a network of this set, as of "
                        "vertices, choose or fewest."
                    )
                row[places[part]] += share * size
        if self.exact and (self.polytope.columns @ rows.sum(axis=0) != self.polytope.right).any():
            raise OptionError(
                f"{name} misses the optimum by less than float64 can show; take a network of this set."
            )
        return rows

    def _check_scalar(self, what: str) -> None:
        count = self.solution.problem.outputs
        if count > 1:
            raise UnsupportedProblem(
                f"{what} and {count} outputs: which of their networks are connected is not known; take a problem of "
                "one output."
            )

    def _check_merging(self) -> None:
        self._check_scalar("fewest(merge=True)")
        covered = self.solution.certificate.coverage
        if covered.scope != "global":
            raise UnsupportedProblem(
                "fewest(merge=True) needs an optimum over all unit neurons, and this one is over some atoms: merging "
                "neurons can lower its objective, as geomnn.merge(solution) does; take merge=False."
            )
