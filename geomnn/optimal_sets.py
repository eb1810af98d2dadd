"""All optimal networks of a table: which neurons they have, how large, and what they predict.

Source: geomnn theory, section 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.errors import EnumerationTooLarge, OptionError, UnsupportedProblem
from geomnn.exact.optimum import named_plane
from geomnn.landscape import Landscape
from geomnn.numbers.rationals import short_number
from geomnn.optima.active import SAME_UNIT, ActiveAtoms, column_sizes, exactly_active, nearly_active
from geomnn.optima.cells import compatible, maximal_cells
from geomnn.optima.choices import SURE
from geomnn.optima.extremes import check_networks
from geomnn.optima.polytope import ExactPolytope, FloatPolytope, Polytope
from geomnn.optima.uniqueness import kinks_and_slopes
from geomnn.solution import Solution

__all__ = ["ActiveNeuron", "OptimalSet", "optimal_set"]

# relative to reg, up to which a correlation has its size: above the rounding of v, whose relative gap is 1e-9
ACTIVE = 1e-7


@dataclass(frozen=True)
class ActiveNeuron:
    """An atom that may be a neuron of an optimal network over the dictionary.

    Parameters
    ----------
    atom : Atom
    sign : int
        Of its outer weight; 0 for several outputs.
    low, high : Fraction or float
        The least and the largest |z| that it has in an optimal network.
    status : {"indispensable", "optional", "never", "undecided"}
        Whether it is in all of them, in some, or in none; undecided where rounding hides it.
    """

    atom: Atom
    sign: int
    low: Any
    high: Any
    status: str

    def __str__(self) -> str:
        return f"{self.atom}: {short_number(self.low)} to {short_number(self.high)}, {self.status}"


@dataclass(frozen=True, eq=False)
class OptimalSet(Landscape):
    """All optima of a problem, from `optimal_set`.

    v and the outputs on the samples are the same for all of them, and so is the cost Σ ‖z_u‖. What may differ are the
    neurons, and what is predicted elsewhere.

    Parameters
    ----------
    solution : Solution
    active : ActiveAtoms
    atoms : tuple of Atom
        The active ones, in the order of their names.
    polytope : Polytope
        Of the amounts a_u = ‖z_u‖.
    columns : ndarray, shape (n·c, k)
        ψ_u = φ_u ⊗ o_u.
    outputs : ndarray, shape (n·c,)
        f(X).
    tolerance : float
        Relative to reg, up to which a correlation has its size; 0 where all is exact.

    Source: geomnn theory, section 10.
    """

    solution: Solution
    active: ActiveAtoms
    atoms: tuple[Atom, ...]
    polytope: Polytope
    columns: np.ndarray
    outputs: np.ndarray
    tolerance: float

    def __repr__(self) -> str:
        words = {True: "unique", False: f"dimension {self.dimension}"}[self.unique_over_dictionary]
        return f"OptimalSet({len(self.atoms)} active atoms, {len(self.used)} used, {words})"

    @property
    def exact(self) -> bool:
        """Whether all of it is in rational numbers."""
        return not self.tolerance

    @cached_property
    def _units(self) -> np.ndarray:
        """(w, b) of the active atoms in the coordinates of X, shape (k, d + 1)."""
        rows = [[*atom.weight, atom.bias] for atom in self.atoms]
        return np.array(rows, dtype=self.columns.dtype).reshape(-1, self.solution.problem.samples.d + 1)

    @cached_property
    def _ways(self) -> np.ndarray:
        """o_u, shape (k, c)."""
        return self.active.ways.astype(int).astype(object) if self.exact else self.active.ways

    @cached_property
    def _first(self) -> np.ndarray:
        """What t starts from, f at the first sample, shape (c,); 0 without a bias."""
        return self.outputs[: self.solution.problem.outputs] * int(self.solution.problem.samples.bias)

    @cached_property
    def _constant(self) -> np.ndarray:
        """What each amount takes of t, shape (k, c)."""
        return self.columns[: self.solution.problem.outputs].T * int(self.solution.problem.samples.bias)

    @cached_property
    def cost(self) -> Any:
        """Σ ‖z_u‖ of every optimal network."""
        return self.polytope.highest([1] * len(self.atoms))[0]

    @cached_property
    def neurons(self) -> tuple[ActiveNeuron, ...]:
        """The active atoms with the least and the largest amount that they have, two linear programs each."""
        signs = self.active.ways[:, 0] if self.solution.problem.outputs == 1 else np.zeros(len(self.atoms))
        found = []
        for k, atom in enumerate(self.atoms):
            unit = self.polytope.unit(k)
            low, high = self.polytope.lowest(unit), self.polytope.highest(unit)[0]
            low, high = (end if end > 0 else 0 * abs(end) for end in (low, high))
            found.append(ActiveNeuron(atom, int(np.sign(signs[k])), low, high, self._status(low, high)))
        return tuple(found)

    def _status(self, low: Any, high: Any) -> str:
        least = self.tolerance * float(self.cost)
        kinds = [0 if value <= least else 2 if value > SURE * least else 1 for value in (low, high)]
        words = {"00": "never", "02": "optional", "22": "indispensable"}
        return words.get("".join(map(str, kinds)), "undecided")

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The places of the atoms that are in some optimal network."""
        return tuple(k for k, neuron in enumerate(self.neurons) if neuron.status != "never")

    @cached_property
    def rank(self) -> int:
        """How many used activations are independent, of constants too with a bias: the most neurons of a vertex."""
        return self.polytope.rank(self.polytope.columns[:, list(self.used)])

    @property
    def dimension(self) -> int:
        """Of the polytope of all optimal networks over the dictionary: 0 where there is one."""
        return len(self.used) - self.rank

    @property
    def unique_over_dictionary(self) -> bool:
        """Whether one network over the dictionary is optimal."""
        return bool(self.solution.unique_over_dictionary) if self.exact else self.dimension == 0

    @property
    def unique(self) -> bool:
        """Whether one network is optimal among all that compete, up to the order of neurons and to copies of them."""
        return bool(self.solution.unique) if self.exact else self.unique_over_dictionary and not self._merges

    @property
    def merging(self) -> bool:
        """Whether all unit neurons compete, so that those between active ones may be neurons of an optimal network.

        For p = 2 these are neurons that differ in b alone: of others the merged one would be cheaper.
        """
        # not of the certificate, which a bound of all neurons makes global
        dictionary = self.solution.dictionary
        return dictionary is not None and dictionary.scope == "global"

    @cached_property
    def _friends(self) -> np.ndarray:
        used = list(self.used)
        return compatible(self.active.sides[:, used], self.active.ways[used, 0])

    @cached_property
    def _always(self) -> np.ndarray:
        used = list(self.used)
        return np.all(self.active.sides[:, used] >= 0, axis=0) & self.solution.problem.samples.bias

    @property
    def _merges(self) -> bool:
        return self.merging and bool(self._friends.any() or self._always.any())

    @cached_property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """The sets of used atoms, by their places, whose neurons may be one; each alone where none merge."""
        if not self.merging:
            return tuple((k,) for k in self.used)
        signs = self.active.ways[list(self.used), 0]
        found = maximal_cells(self._friends, self._always, signs)
        return tuple(tuple(self.used[k] for k in cell) for cell in found)

    def one_function(self, networks: str = "all") -> bool:
        """Whether all optimal networks are one function, so that only its writing is a choice.

        As (u·x̃)_+ = (|u·x̃| + u·x̃)/2, they are where every direction in which the amounts can change leaves the kink of
        each hyperplane and the slopes as they are.

        Parameters
        ----------
        networks : {"all", "dictionary"}
            All optimal networks, or those over the dictionary.
        """
        check_networks(networks)
        if networks == "all" and self._merges:
            return False
        if self.unique_over_dictionary:
            return True
        used, d = list(self.used), self.solution.problem.samples.d
        units, tolerance = self._units[used], 0.0
        if not self.exact:  # in the units of features
            units = units * np.append(column_sizes(self.solution.problem.samples.X), 1.0)
            tolerance = SAME_UNIT
        rows = kinks_and_slopes(units, self._ways[used], d, tolerance)
        return self.polytope.rank(np.vstack([self.polytope.columns[:, used], rows])) == self.rank


def optimal_set(solution: Solution) -> OptimalSet:
    """All optimal networks of a problem whose optimum is known.

    {a ≥ 0 : Σ_u a_u φ_u ⊗ o_u + 1 ⊗ t = f(X)},  z_u = a_u o_u,  o_u = vᵀφ_u/reg,  over the atoms with ‖vᵀφ_u‖_2 = reg.

    Parameters
    ----------
    solution : Solution
        Of `geomnn.derive`, or of a path, over a dictionary of which every atom is looked at.

    Returns
    -------
    OptimalSet
        In rational arithmetic if the solution is in rational numbers, else in float64 with its ``tolerance``.

    Raises
    ------
    UnsupportedProblem
        If the active atoms are not all known: after a search, over sampled atoms, of deeper networks, where time was
        over, or for losses whose v is not unique.

    Examples
    --------
    The four corners of XOR, and two optimal networks, a diagonal each:

    >>> import geomnn as gm
    >>> from fractions import Fraction
    >>> solution = gm.derive([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0], reg=Fraction(1, 20), exact=True)
    >>> optima = gm.optimal_set(solution)
    >>> optima.unique, optima.dimension, optima.width_range
    (False, 1, (2, 2))
    >>> print(optima.neurons[0])
    +⋆(x0 − x3) at x3: 0 to 8/5, optional
    >>> [str(end) for end in optima.predict_interval([[0.5, 0.5]])[0]]
    ['1/10', '9/10']

    Source: geomnn theory, section 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.
    """
    _check(solution)
    problem = solution.problem
    active, atoms, sizes, amounts = _exactly(solution) or _nearly(solution)
    order = sorted(range(len(atoms)), key=lambda k: (*atoms[k].place, *map(float, atoms[k].weight)))
    active, named = active.among(order), tuple(atoms[k] for k in order)
    columns, exact = active.columns / sizes[order], active.columns.dtype == object
    network, amounts, c = (
        solution.network if exact else solution.network.numeric(),
        amounts[order],
        problem.outputs,
    )
    rows = columns[c:] - np.tile(columns[:c], (problem.samples.n - 1, 1)) if problem.samples.bias else columns
    polytope = (ExactPolytope if exact else FloatPolytope)(rows, rows @ amounts, amounts)
    outputs = columns @ amounts + np.tile(np.atleast_1d(network.intercept), problem.samples.n)
    return OptimalSet(solution, active, named, polytope, columns, outputs, 0.0 if exact else ACTIVE)


# with their names, the sizes that columns are multiples by, and what the network has of each
Active = tuple[ActiveAtoms, list[Atom], np.ndarray, np.ndarray]


def _exactly(solution: Solution) -> Active | None:
    """The active atoms in rational numbers, if it takes no others."""
    if solution.exact is None:
        return None
    exact = solution.exact
    active = exactly_active(exact, [neuron.atom for neuron in solution.network.neurons], solution.dual)
    if not all(size.is_rational for size in active.sizes) or not all(
        isinstance(entry, Fraction) for entry in solution.dual
    ):
        return None
    sizes = np.array([size.to_fraction() for size in active.sizes], dtype=object)
    atoms = [named_plane(exact, plane) for plane in active.units]
    given = {neuron.atom: abs(neuron.coefficient) for neuron in solution.network.neurons}
    return active, atoms, sizes, np.array([given.get(atom, 0) for atom in atoms], dtype=object)


def _nearly(solution: Solution) -> Active:
    """The active atoms in float64, those of the network first."""
    problem, dictionary = solution.problem, solution.dictionary
    assert dictionary is not None, "it was checked"
    atoms = [neuron.atom.numeric() for neuron in solution.network.neurons]
    dual = np.array(solution.dual, dtype=float).reshape(problem.samples.n, -1)
    sets = nearly_active(problem, dictionary, atoms, dual, [ACTIVE])
    if not sets:
        raise EnumerationTooLarge(
            "Thousands of atoms are active, or millions may be: take fewer samples, or a larger reg."
        )
    others = [dictionary.name(unit, dual) for unit in sets[0].units[len(atoms) :]]
    # by their places: for p = 2 two atoms may have one name, which leaves it to the residual where they are
    given = [np.linalg.norm(neuron.coefficient) for neuron in solution.network.numeric().neurons]
    return sets[0], [*atoms, *others], sets[0].sizes, np.append(given, np.zeros(len(others)))


def _check(solution: Any) -> None:
    if not isinstance(solution, Solution):
        raise OptionError(
            f"optimal_set takes a Solution, such as geomnn.derive returns, and a {type(solution).__name__} came."
        )
    certificate, problem, dictionary = solution.certificate, solution.problem, solution.dictionary
    reasons = {
        f"a network of {solution.network.depth} layers, whose features can be made in other ways too": (
            solution.network.depth > 2
        ),
        "robust training, of which another program is solved": solution.moves is not None,
        "a network of merged neurons, which are no atoms": dictionary is None,
        "a search, which does not know all active atoms": dictionary is not None
        and dictionary.scope == "local",
        "atoms that were drawn at random": certificate.coverage.program == "sampled",
        f"the {problem.loss.name} loss, whose v is not unique": problem.loss.is_polyhedral,
        "a network that is not optimal yet, as time was over": certificate.stopped,
    }
    for reason, holds in reasons.items():
        if holds:
            raise UnsupportedProblem(
                f"optimal_set is not made for {reason}: take a two-layer network that derive optimised over all atoms."
            )
    if not solution.exact and certificate.relative_gap > ACTIVE:
        raise UnsupportedProblem(
            f"The network is optimal to a relative gap of {float(certificate.relative_gap):.1g}, and which atoms are "
            f"active is seen at {ACTIVE:g}: derive it with a smaller tol."
        )
