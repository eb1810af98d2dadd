"""Generic vectors, whose entries are independent symbols, and the decision of statements about all reals.

A polynomial identity between the entries of generic vectors holds for all real vectors. Both sides are brought
to the normal form of a polynomial ring, where equal polynomials have equal coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from typing import Any

import numpy as np
import sympy
from sympy.polys.rings import PolyRing

from proofs.statement import ProofFailed, require

__all__ = ["Generic", "decide", "determinant", "generic", "norm_of", "real_norm", "require_identity", "sign"]

RESOURCES = 4_000_000  # what z3 may spend on one question; unlike seconds, the same on every machine


@dataclass(frozen=True)
class Generic:
    """k vectors of d symbols as rows, and the ring of polynomials in all of them.

    Parameters
    ----------
    rows : ndarray of Symbol, shape (k, d)
        What goes into the algebra of the package.
    ring : PolyRing
    """

    rows: np.ndarray
    ring: PolyRing

    @property
    def polynomials(self) -> np.ndarray:
        """The same rows as elements of the ring, for the definitions that the algebra is compared with."""
        return np.array(self.ring.gens, dtype=object)[: self.rows.size].reshape(self.rows.shape)

    def normal(self, expressions: Any) -> Any:
        """Expressions in the entries in normal form: a ring element, or an array of them."""
        return np.frompyfunc(self.ring.from_expr, 1, 1)(expressions)


def generic(count: int, dimension: int, extra: Sequence[sympy.Symbol] = ()) -> Generic:
    """`count` vectors whose entries are independent symbols; `extra` symbols may stand beside them."""
    symbols = sympy.symbols(f"u:{count}_:{dimension}", real=True)
    rows = np.array(symbols, dtype=object).reshape(count, dimension)
    return Generic(rows, PolyRing((*symbols, *extra), sympy.QQ))


def sign(permutation: Sequence[int]) -> int:
    """+1 for an even number of inversions, −1 for an odd one."""
    later = ((a, b) for i, a in enumerate(permutation) for b in permutation[i + 1 :])
    return (-1) ** sum(a > b for a, b in later)


def determinant(rows: Any) -> Any:
    """det by its definition, Σ_σ sign(σ) Π_i a_{iσ(i)}, over any commutative ring."""
    size = len(rows)
    total = 0
    for columns in permutations(range(size)):
        product = sign(columns)
        for row, column in zip(rows, columns, strict=True):
            product = product * row[column]
        total = total + product
    return total


def require_identity(left: Any, right: Any, claim: str) -> None:
    """Require equal polynomials, entry by entry; the message shows some terms by which they differ."""
    for place, difference in enumerate(np.ravel(np.asarray(left, object) - np.asarray(right, object))):
        terms = sympy.sstr(difference.as_expr() if hasattr(difference, "as_expr") else difference)
        require(bool(difference == 0), f"{claim}: entry {place} differs by {terms[:200]}")


def norm_of(exponent: float, vector: Sequence[Any]) -> Any:
    """The 1-norm or the ∞-norm of numbers."""
    return sum(map(abs, vector)) if exponent == 1 else max(map(abs, vector))


def real_norm(z3: Any, exponent: float, entries: Sequence[Any]) -> Any:
    """The 1-norm or the ∞-norm of real variables, as an expression of z3."""
    sizes = [z3.If(entry >= 0, entry, -entry) for entry in entries]
    return z3.Sum(sizes) if exponent == 1 else reduce(lambda a, b: z3.If(a >= b, a, b), sizes)


def decide(claim: str, build: Callable[[Any], Iterator[Any]]) -> None:
    """Require that no real numbers satisfy a list of constraints: the negation of a claim.

    Parameters
    ----------
    claim : str
        What the constraints deny.
    build : callable
        Takes the module z3 and yields the constraints.

    Raises ProofFailed with the numbers that satisfy them, and where z3 does not know.
    """
    import z3

    solver = z3.Solver()
    solver.set("rlimit", RESOURCES)
    solver.add(*build(z3))
    verdict = solver.check()
    if verdict == z3.unknown:
        raise ProofFailed(f"{claim}: z3 could not decide it ({solver.reason_unknown()})")
    if verdict == z3.sat:
        model = solver.model()
        numbers = ", ".join(f"{name} = {model[name]}" for name in sorted(model.decls(), key=str))
        raise ProofFailed(f"{claim}: false at {numbers}")
