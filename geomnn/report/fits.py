"""How well a network fits rows of a table: of classes those that are right, of numbers the error and R²."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from geomnn.errors import OptionError

__all__ = ["Fit", "chosen_class", "hold_out", "probabilities"]


@dataclass(frozen=True)
class Fit:
    """The predictions of some rows beside their targets.

    Parameters
    ----------
    rows : int
    right : int or None
        Of classes, how many rows get the right one.
    error : float
        The root mean square error, of numbers.
    explained : float or None
        R², of numbers; None where the targets do not vary.
    """

    rows: int
    right: int | None = None
    error: float = 0.0
    explained: float | None = None

    @classmethod
    def of_numbers(cls, f: np.ndarray, y: np.ndarray) -> Fit:
        """The fit of f (n,) to targets y (n,)."""
        error, spread = float(np.sqrt(np.mean((y - f) ** 2))), float(np.std(y))
        varies = spread > 1e-12 * float(np.abs(y).max())
        return cls(len(y), None, error, 1 - (error / spread) ** 2 if varies else None)

    @classmethod
    def of_classes(cls, f: np.ndarray, labels: np.ndarray) -> Fit:
        """The fit of f, shape (n,) or (n, c), to numbers of classes, shape (n,): 0, 1, …; −1 for one that is none."""
        return cls(len(labels), int(np.count_nonzero(chosen_class(f) == labels)))

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        if self.right is not None:
            return f"accuracy {self.right / self.rows:.1%}, {self.right:,} of {rows}"
        explained = "" if self.explained is None else f", R² = {self.explained:.4f}"
        return f"root mean square error {self.error:.4g}{explained}, {rows}"


def chosen_class(f: np.ndarray) -> np.ndarray:
    """The number of the class that predictions stand for, shape (n,): their sign, or the largest of c."""
    return (f > 0).astype(int) if f.ndim == 1 else np.argmax(f, axis=1)


def probabilities(f: np.ndarray, loss: str) -> np.ndarray | None:
    """Those of the classes, shape (n, c), of a network that a loss in nats was minimised for; None for any other."""
    if loss == "logistic":
        return np.column_stack([expit(-f), expit(f)])
    return softmax(f, axis=1) if loss == "softmax" else None


def hold_out(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to derive from and rows that are left out, at random, in the order of the file.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Classes, of which each gives its share; all the same where there are none.
    share : float
        Between 0 and 1.
    seed : int

    Raises
    ------
    OptionError
        If that leaves no row out, or the share is none.
    """
    if not 0 < share < 1:
        raise OptionError(
            f"--holdout {share:g}; a share of the rows between 0 and 1 was expected, such as 0.2."
        )
    random, out = np.random.default_rng(seed), np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        out[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    several = len(np.unique(labels)) > 1
    if not out.any():
        raise OptionError(
            f"--holdout {share:g} of {len(labels)} rows is none{', as each class keeps a row' * several}; give a "
            "larger share or more rows."
        )
    return np.flatnonzero(~out), np.flatnonzero(out)
