"""The network as a function of reg: between two kinks of the path every weight is a closed form in it.

While the same atoms stay active the KKT system is affine in reg, so z, t and v are

    z(reg) = z₀ + z₁ reg,   t(reg) = t₀ + t₁ reg,   v(reg) = v₀ + v₁ reg,

as long as no z changes its sign and no other atom exceeds reg; the optimal value is a quadratic polynomial,
with the derivative Σ_u |z_u| with respect to reg and v_i with respect to the label y_i.

Source: geomnn theory, section 4; A. Mishkin, M. Pilanci, arXiv 2306.00119.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy

from geomnn.atoms import Atom
from geomnn.checker.digits import any_size
from geomnn.dictionaries import Dictionary, choose
from geomnn.errors import OptionError, UnsupportedProblem
from geomnn.exact.optimum import (
    ExactOptimum,
    ExactProblem,
    check_exact,
    find_optimum,
    pose_exactly,
    price_exactly,
)
from geomnn.exact.projection import Projection, Target, project
from geomnn.networks.network import AnalyticNetwork, ExactNeuron
from geomnn.networks.writing.expressions import activation_latex, unit_activation, variables
from geomnn.norms import ball
from geomnn.numbers.rationals import exact_number, short_number, symbolic
from geomnn.numbers.roots import RootBasis, RootVector, rational_matrix
from geomnn.programs.problem import Problem, pose
from geomnn.programs.solve import solve
from geomnn.validation import check_integer

__all__ = ["WeightsOfReg", "weights_as_function_of_reg"]

NEARER = 64  # how often a neighbour of a kink is looked for, each time half as far


@dataclass(frozen=True, eq=False)
class WeightsOfReg:
    """An optimal network for every reg of an interval, as SymPy expressions in ``symbol``.

    Parameters
    ----------
    symbol : sympy.Symbol
        reg, positive.
    interval : sympy.Interval
        Where the expressions hold; closed but at 0 and infinity.
    atoms : tuple of Atom
        The active atoms, with exact weights.
    coefficients : tuple of sympy.Expr
        z_u.
    intercept : sympy.Expr
        t.
    dual : tuple of sympy.Expr
        v_i, which is the derivative of the optimal value with respect to the label y_i.
    objective : sympy.Expr
        The optimal value of (T).
    problem : Problem
        What was solved, at the reg that was given.
    """

    symbol: Any
    interval: Any
    atoms: tuple[Atom, ...]
    coefficients: tuple[Any, ...]
    intercept: Any
    dual: tuple[Any, ...]
    objective: Any
    problem: Problem

    @property
    def weights(self) -> list[tuple[list[Any], Any, Any]]:
        """(w, b, α) of every neuron: w = √|z| u, α = ±√|z|, closed forms in reg."""
        found = []
        for atom, z in zip(self.atoms, self.coefficients, strict=True):
            sign = self._sign(z)
            root = sympy.sqrt(sign * z)
            unit = [root * symbolic(entry) for entry in atom.weight]
            found.append((unit, root * symbolic(atom.bias), sign * root))
        return found

    def derivative(self, label: int | None = None) -> Any:
        """The derivative of the optimal value with respect to reg, Σ_u |z_u|, or to a label y_i, v_i.

        Parameters
        ----------
        label : int, optional
            i; with respect to reg if not given.

        Returns
        -------
        sympy.Expr

        Raises
        ------
        OptionError
            If there is no such sample.
        """
        if label is None:
            return sympy.expand(sympy.diff(self.objective, self.symbol))
        return self.dual[check_integer("label", label, 0, len(self.dual) - 1)]

    def to_sympy(self, symbols: Any = None) -> Any:
        """f as an expression in the features and reg, Σ z_u(reg) Max(0, u·x + b) + t(reg).

        Parameters
        ----------
        symbols : sequence of sympy.Symbol or of str, optional
            As in `AnalyticNetwork.to_sympy`.
        """
        x = variables(self.problem.samples.d, symbols, self.problem.samples.names)
        terms = (z * unit_activation(atom, x) for atom, z in zip(self.atoms, self.coefficients, strict=True))
        return sum(terms, self.intercept)

    def __call__(self, reg: Any) -> AnalyticNetwork:
        """The exact network at a rational reg of the interval.

        Parameters
        ----------
        reg : number
            Taken as in `geomnn.derive`.

        Raises
        ------
        OptionError
            If it is outside of the interval.
        """
        value = symbolic(exact_number(reg, "reg"))
        if self.interval.contains(value) is not sympy.true:
            ends = [short_number(end) for end in (self.interval.start, self.interval.end)]
            raise OptionError(
                f"reg={short_number(value)} is outside of {' to '.join(ends)}, where this holds."
            )
        at = [expression.subs(self.symbol, value) for expression in (self.intercept, *self.coefficients)]
        t, *z = (Fraction(int(number.p), int(number.q)) for number in at)
        neurons = [ExactNeuron(atom, c) for atom, c in zip(self.atoms, z, strict=True) if c]
        samples = self.problem.samples
        return AnalyticNetwork(
            neurons, t, samples.d, self.problem.norm, samples.bias, feature_names=samples.names
        )

    def _sign(self, z: Any) -> int:
        """Of z inside of the interval, where it does not change."""
        start, end = self.interval.start, self.interval.end
        inside = (start + end) / 2 if end.is_finite else start + 1
        return 1 if z.subs(self.symbol, inside) > 0 else -1

    def __repr__(self) -> str:
        start, end = float(self.interval.start), float(self.interval.end)
        return f"WeightsOfReg({len(self.atoms)} neurons, reg {start:g} to {end:g})"

    @any_size()
    def __str__(self) -> str:
        lines = [f"{self.interval.start} ≤ {self.symbol} ≤ {self.interval.end}:", f"f(x) = {self.intercept}"]
        lines += [
            f"  + ({z}) · ({atom.label(self.problem.samples.names)})₊"
            for z, atom in zip(self.coefficients, self.atoms, strict=True)
        ]
        return "\n".join(lines)

    @any_size()
    def _repr_latex_(self) -> str:
        terms = [sympy.latex(self.intercept)]
        terms += [rf"+ \left({sympy.latex(z)}\right) \, {activation_latex(atom, names=self.problem.samples.names)}"
                  for z, atom in zip(self.coefficients, self.atoms, strict=True)]  # fmt: skip
        where = sympy.latex(self.interval)
        lines = r" \\ & ".join(terms)
        return (
            rf"$\displaystyle \begin{{aligned}} f(x) ={{}}& {lines} \\ & \text{{for }} {sympy.latex(self.symbol)} "
            rf"\in {where} \end{{aligned}}$"
        )


def weights_as_function_of_reg(
    X: Any, y: Any, reg: Any, norm: float = 1, bias: bool = True, dictionary: str | Dictionary = "auto",
    symbol: Any = None,
) -> WeightsOfReg:  # fmt: skip
    """The optimal network as a closed form in reg, on an interval of the path around a given reg.

    z(reg) = z₀ + z₁ reg while the same atoms are active.

    Parameters
    ----------
    X, y, reg, norm, bias, dictionary
        As in ``derive(…, exact=True)``; norm 1 or inf (or one feature).
    symbol : sympy.Symbol, optional
        What reg is called; a positive symbol ``reg`` if not given.

    Returns
    -------
    WeightsOfReg
        Its interval holds the given reg. At a kink, where two pieces meet, it is the one of smaller regs. Between its
        ends the networks are those of ``derive(…, exact=True)``, also where others are as good.

    Raises
    ------
    DataError, OptionError, UnsupportedProblem, EnumerationTooLarge
        As `geomnn.derive` with exact=True does.

    Examples
    --------
    >>> import geomnn as gm
    >>> piece = gm.exact.weights_as_function_of_reg([[0], [1], [3]], [1, 0, 2], reg=0.1)
    >>> piece.coefficients, piece.interval
    ((1 - reg, 1 - 5*reg/2), Interval.Lopen(0, 2/5))

    Source: geomnn theory, section 4.
    """
    problem = pose(X, y, reg, norm, bias, "squared")
    choice = choose(dictionary, problem.samples, problem.norm)
    check_exact(problem, choice)
    if not ball(problem.norm).polyhedral and problem.samples.d > 1:
        raise UnsupportedProblem(
            "For norm 2 the ends of the interval are no rational numbers; take norm 1 or inf, or read the float64 "
            "path of geomnn.path(…, dictionary='wedge')."
        )
    posed = pose_exactly(problem, choice.program)
    atoms = choice.form(problem.samples, problem.norm)
    optimum = find_optimum(posed, atoms, solve(problem, atoms))
    piece = _piece(posed, optimum)
    name = sympy.Symbol("reg", positive=True) if symbol is None else symbol
    step = posed.reg / 2
    if piece[0] < posed.reg:
        return _expressions(problem, posed, optimum, piece, name)
    for _ in range(NEARER):  # a kink: the piece below it is that of a smaller reg, if it is near enough
        nearby = replace(posed, reg=posed.reg - step)
        optimum = find_optimum(nearby, atoms, solve(problem.at(nearby.reg), atoms))
        piece = _piece(nearby, optimum)
        if piece[1] is None or piece[1] >= posed.reg:
            return _expressions(problem, posed, optimum, piece, name)
        step = (posed.reg - piece[1]) / 2
    raise UnsupportedProblem(
        f"reg={reg} is a kink, and other kinks are too close to it; take a reg that is a little larger or smaller."
    )


Piece = tuple[Fraction, Fraction | None, Projection, Projection]


def _piece(problem: ExactProblem, optimum: ExactOptimum) -> Piece:
    """The regs between which the active atoms stay optimal (None for infinity), and their KKT points at 0 and 1."""
    basis = RootBasis()
    at_zero, at_one = (
        project(
            Target(problem.targets, Fraction(reg), problem.samples.bias, basis), optimum.planes, optimum.signs
        )
        for reg in (0, 1)
    )
    low, high = Fraction(0), None
    for start, end in zip(at_zero.multipliers, at_one.multipliers, strict=True):
        p, q = start.to_fraction(), (end - start).to_fraction()
        low, high = _cut(low, high, p, q)
    low = _end(problem, at_zero, at_one, low, high, lower=True)
    return low, _end(problem, at_zero, at_one, low, high, lower=False), at_zero, at_one


def _cut(low: Fraction, high: Fraction | None, p: Fraction, q: Fraction) -> tuple[Fraction, Fraction | None]:
    """The part of [low, high] where p + q reg ≥ 0."""
    if q > 0:
        return max(low, -p / q), high
    if q < 0:
        return low, -p / q if high is None else min(high, -p / q)
    return low, high


def _end(
    problem: ExactProblem,
    at_zero: Projection,
    at_one: Projection,
    low: Fraction,
    high: Fraction | None,
    lower: bool,
) -> Any:
    """An end of the interval, drawn in until no atom exceeds reg there: exact, as each excess is affine in reg."""
    basis = at_zero.point.basis
    while (reg := low if lower else high) is not None:
        v = at_zero.point + (at_one.point - at_zero.point) * reg
        found, _ = price_exactly(problem, basis, reg, v)
        if found is None:
            return reg
        plane, sign = found
        start, end = (
            sign * point.dot(plane.activations).to_fraction() for point in (at_zero.point, at_one.point)
        )
        size = basis.root(plane.square).to_fraction()
        low, high = _cut(low, high, -start, size - (end - start))
    return None


def _expressions(
    problem: Problem, posed: ExactProblem, optimum: ExactOptimum, piece: Piece, symbol: Any
) -> WeightsOfReg:
    low, high, at_zero, at_one = piece

    def affine(start: Any, end: Any) -> Any:
        p, q = symbolic(start.to_fraction()), symbolic((end - start).to_fraction())
        return p + q * symbol

    sizes = [plane.square for plane in optimum.planes]
    roots = [at_zero.point.basis.root(size) for size in sizes]
    z = [sign * affine(a * root, b * root) for sign, root, a, b in
         zip(optimum.signs, roots, at_zero.multipliers, at_one.multipliers, strict=True)]  # fmt: skip
    slope = at_one.point - at_zero.point
    # D(v) = y·v − ½ v·v with v = v₀ + slope·reg
    y = RootVector(slope.basis, rational_matrix([[target] for target in posed.targets], 1))
    parts = [y.inner(at_zero.point), y.inner(slope), at_zero.point.inner(at_zero.point),
             at_zero.point.inner(slope), slope.inner(slope)]  # fmt: skip
    y0, y1, v00, v01, v11 = (symbolic(part.to_fraction()) for part in parts)
    objective = y0 - v00 / 2 + (y1 - v01) * symbol - v11 / 2 * symbol**2
    end = sympy.oo if high is None else symbolic(high)
    interval = sympy.Interval(symbolic(low), end, left_open=low == 0)
    dual = tuple(affine(at_zero.point[i], at_one.point[i]) for i in range(len(slope)))
    intercept = affine(at_zero.intercept, at_one.intercept)
    return WeightsOfReg(symbol, interval, tuple(optimum.atoms), tuple(z), intercept, dual, objective, problem)
