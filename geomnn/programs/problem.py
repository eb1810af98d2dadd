"""The training problem (T) and its convex form (C), as one checked object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from geomnn.errors import DataError, OptionError
from geomnn.norms import ball
from geomnn.programs.losses import Loss, check_targets, find_loss
from geomnn.rows import Rows
from geomnn.samples import Samples
from geomnn.validation import check_flag, plain_array

__all__ = ["Problem", "check_reg", "pose"]


LARGEST_QUOTIENT = 1e140  # of y/x and y·x, whose squares, summed over samples, are to fit into float64


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise L(f(X), y) + (reg/2) Σ_j (‖w_j‖_p² + ‖α_j‖_2²) over every width and all weights.

    Parameters
    ----------
    samples : Samples
    targets : ndarray, shape (n, c)
    reg : float
    norm : float
        p.
    loss : Loss
    one_column : bool
        Whether the targets came as (n,), so that results have no output axis either.
    written : tuple
        The targets and reg as they were given, which are taken exactly in exact arithmetic.

    Source: geomnn theory, section 0, (T) and (C).
    """

    samples: Samples
    targets: np.ndarray = field(repr=False)
    reg: float
    norm: float
    loss: Loss
    one_column: bool
    written: tuple[Any, Any] = field(repr=False)

    @property
    def outputs(self) -> int:
        """c."""
        return self.targets.shape[1]

    @property
    def is_projection(self) -> bool:
        """Whether the dual is the projection of y on a polyhedron (squared loss, scalar output)."""
        return self.loss.is_quadratic and self.outputs == 1

    def at(self, reg: Any) -> Problem:
        """The same problem with another weight of the penalty."""
        return replace(self, reg=float(reg), written=(self.written[0], reg))

    def over(self, samples: Samples) -> Problem:
        """The same problem over other columns of the samples."""
        return replace(self, samples=samples)

    def of(self, rows: np.ndarray) -> Problem:
        """The loss of some rows alone, whose sums are over as many, with as much of the penalty."""
        weights = self.loss.weights
        return replace(
            self,
            targets=self.targets[rows],
            reg=self.reg * len(rows) / len(self.targets),
            loss=self.loss if weights is None else self.loss.weighted(weights[rows]),
        )

    def centred(self) -> tuple[Problem, np.ndarray]:
        """The same problem for targets without the mean that an intercept makes up for, and that mean, shape (c,).

        The difference of numbers that are close is exact, so an offset of y costs v no digits.
        """
        if not (self.samples.bias and self.loss.is_quadratic):
            return self, np.zeros(self.outputs)
        mean = self.targets.mean(axis=0)
        return replace(self, targets=self.targets - mean), mean

    def constant(self) -> np.ndarray:
        """The intercept of the best constant network, shape (c,); zero without bias."""
        return self.shift(np.zeros_like(self.targets))

    def shift(self, predictions: np.ndarray) -> np.ndarray:
        """The best intercept to add to predictions, shape (c,); zero without bias."""
        if not self.samples.bias:
            return np.zeros(self.outputs)
        return self.loss.shift(predictions, self.targets)

    def residual(self, predictions: np.ndarray) -> np.ndarray:
        """v = −∂L/∂f, shape (n, c)."""
        return self.loss.residual(predictions, self.targets)

    def training_objective(
        self, inner: np.ndarray, biases: np.ndarray, outer: np.ndarray, t: np.ndarray
    ) -> float:
        """The value of (T) of a network, recomputed from its weights.

        Parameters
        ----------
        inner : ndarray, shape (k, d)
        biases : ndarray, shape (k,)
        outer : ndarray, shape (k, c)
        t : ndarray, shape (c,)
        """
        f = self.samples.predict(self.samples.units_of(inner, biases), outer)
        penalty = np.sum(ball(self.norm).length(inner) ** 2) + np.sum(outer**2)
        # f − y, where a common offset of t and y costs no digits
        fit = (f, self.targets - t) if self.loss.is_quadratic else (f + t, self.targets)
        return self.loss.value(*fit) + self.reg / 2 * float(penalty)

    def convex_objective(self, activations: np.ndarray, z: np.ndarray, t: np.ndarray) -> float:
        """The value of (C): L(Φz + t, y) + reg Σ_u ‖z_u‖_2."""
        cost = self.reg * float(np.linalg.norm(z, axis=1).sum())
        return self.loss.value(activations @ z + t, self.targets) + cost

    def dual_point(self, v: np.ndarray) -> np.ndarray:
        """v as a point of the dual problem: in the domain of D and, with a bias, with 1ᵀv = 0 exactly enough."""
        v = self.loss.clip(v, self.targets)
        return self.loss.balance(v) if self.samples.bias else v

    def dual_bound(self, v: np.ndarray, maximum: float) -> float:
        """A lower bound of (C): the dual value of v scaled into the dual set.

        Parameters
        ----------
        v : ndarray, shape (n, c)
        maximum : float
            The largest ‖vᵀφ_u‖_2 over the atoms of the program.
        """
        if self.samples.bias and (np.abs(v.sum(axis=0)) > 1e-11 * np.abs(v).sum(axis=0)).any():
            return -np.inf  # no point of the dual set, which has 1ᵀv = 0
        scale = min(1.0, self.reg / maximum) if maximum > 0 else 1.0
        targets = self.targets
        if self.samples.bias and self.loss.is_quadratic:
            # as 1ᵀv = 0, v·y is that of centred targets: without the digits that a common offset costs
            targets = targets - targets.mean(axis=0)
        return self.loss.dual(scale * v, targets)


def pose(
    X: Any, y: Any, reg: Any, norm: Any, bias: Any, loss: Any, weights: np.ndarray | None = None
) -> Problem:
    """A checked `Problem` from what a user typed, and weights of the samples above 0, shape (n,).

    Raises
    ------
    DataError
        If X or y are not usable.
    OptionError
        If an option is outside of what it may be.
    """
    found, p, bias = find_loss(loss, weights), ball(norm).p, check_flag("bias", bias)
    if y is None:
        y = getattr(X, "targets", None)
        if y is None:
            raise DataError(
                "y is missing; targets were expected: gm.derive(X, y) or gm.derive(gm.Rows(X, y))."
            )
    samples = X.samples(bias) if isinstance(X, Rows) else Samples(X, bias)
    given = plain_array(y, "y").copy()
    targets = check_targets(given, samples.n, found, samples.bias)
    _check_sizes(samples, targets)
    return Problem(samples, targets, check_reg(reg), p, found, given.ndim == 1, (given, reg))


def _check_sizes(samples: Samples, targets: np.ndarray) -> None:
    """Refuse samples and targets whose quotients or products have squares that float64 cannot hold."""
    sizes = samples.extent[: samples.d]
    x, y, least = sizes.max(), np.abs(targets).max(), sizes[sizes > 0].min(initial=np.inf)
    limits = f"{1 / LARGEST_QUOTIENT:g} and {LARGEST_QUOTIENT:g}"
    within = f"must lie between {limits}, as their squares have to fit into float64: rescale."
    if x > LARGEST_QUOTIENT * least:
        raise DataError(f"Features have sizes from {least:.3g} to {x:.3g}; their quotients {within}")
    if (
        x
        and y
        and not (
            1 / LARGEST_QUOTIENT <= y / x <= LARGEST_QUOTIENT
            and 1 / LARGEST_QUOTIENT <= y * x <= LARGEST_QUOTIENT
        )
    ):
        spread = "a spread" if samples.bias else "values"
        raise DataError(
            f"X has {spread} of size {x:.3g} and y has values of size {y:.3g}; their quotients and products {within}"
        )


def check_reg(reg: Any, name: str = "reg") -> float:
    """The weight of the penalty as a float, or an `OptionError`."""
    if isinstance(reg, str):
        raise OptionError(
            f"{{{name}}}; a number above 0 was expected. 'auto' is for the estimators, gm.WedgeRegressor and "
            "gm.WedgeClassifier, and the command line: gm.cross_validate(X, y).cautious is what they choose.",
            **{name: reg},
        )
    real = isinstance(reg, Real | Decimal) and not isinstance(reg, bool)
    number = float(reg) if isinstance(reg, np.floating) else reg  # limits are no numbers of short types
    if not real or (isinstance(reg, Decimal) and reg.is_nan()) or not 0 < number < np.inf:
        raise OptionError(
            f"{{{name}}}; a finite number above 0 was expected (without a penalty use a small one).",
            **{name: reg},
        )
    if not 1e-100 <= number <= 1e100:
        raise OptionError(
            f"{name} is outside of 1e-100 to 1e100, where its products fit into float64; rescale X and y."
        )
    return float(number)
