"""The losses that have a name, and the one place where a name becomes a loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, softmax, xlog1py, xlogy

from geomnn.errors import DataError, OptionError
from geomnn.programs.loss import Loss, check_signs, check_targets

__all__ = ["HingeLoss", "LogisticLoss", "Loss", "SoftmaxLoss", "SquaredLoss", "check_targets", "find_loss"]

EPS = np.finfo(float).eps
SHIFT_STEPS, HALVINGS = 100, 40  # to the intercept of a softmax loss, and on the way of each, at most
# NEXT: relative to Σ_i |v_ik| of a class k. An intercept next to balance, to which so many steps bring nothing more, is
# balanced up to rounding, which where f is large is that of f and not that of v
NEXT, STALLED_SHIFT = 1e-9, 3
FAR_STEP = 1e6  # a Newton step of this length comes of a curvature that is rounding
# relative to the sum of all weights, below which a class has no curvature and no residual: small enough for classes
# that are nearly separated, and its square is still a float
NO_CURVATURE = 1e-60


class SquaredLoss(Loss):
    """ℓ = ½ (f − y)²: v = s (y − f) and D(v) = Σ v∘y − ½ Σ v²/s."""

    name = "squared"
    is_quadratic = True

    def check_targets(self, y: np.ndarray, bias: bool) -> None:
        """Any finite numbers will do."""

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        return float(0.5 * np.sum(self.s * (f - y) ** 2))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.s * (y - f)

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.s, y.shape)[:, :, None] * np.eye(y.shape[1])

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        rest = y - f
        return rest[0] + np.average(
            rest - rest[0], axis=0, weights=self.weights
        )  # exact where the rest is constant

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(v * y) - 0.5 * np.sum(v**2 / self.s))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return v


class HingeLoss(Loss):
    """ℓ = (1 − y f)_+, y = ±1: v = s y where y f < 1, 0 where y f > 1 and anything between at y f = 1; D(v) = Σ v∘y."""

    name = "hinge"
    takes_classes = True
    is_polyhedral = True

    def check_targets(self, y: np.ndarray, bias: bool) -> None:
        check_signs(self.name, y)

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(self.s * np.maximum(1 - y * f, 0.0)))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        room = 1 - y * f
        at = np.abs(room) <= 4 * EPS * (1 + np.abs(f))
        v, rest = self.s * y * ((room > 0) & ~at), self.s * y * at
        # of those at the kink so much of all that the sum comes as close to 0 as it can
        share = [
            -np.sum(v) / np.sum(side) if side.any() else 0.0 for side in (rest * (y > 0), rest * (y < 0))
        ]
        return v + rest * np.clip(np.where(y > 0, *share), 0.0, 1.0)

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.zeros((*y.shape, 1))

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        # Σ s (1 − y (f + t))_+ is convex in t, its slope −Σ_{y = 1} s at first and more by s at each y − f
        order = np.argsort(y - f, axis=0)[:, 0]
        kinks, s = (y - f)[order, 0], np.broadcast_to(self.s, y.shape)
        slope = np.cumsum(s[order, 0]) - np.sum(s[y > 0])
        flat = 4 * EPS * np.sum(s) * len(s)
        first, last = np.searchsorted(slope, -flat), np.searchsorted(slope, flat, side="right")
        low = kinks[first] if (y > 0).any() else kinks[0]
        high = kinks[last] if (y < 0).any() else low
        return np.array([(low + high) / 2])

    def pieces(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([0 * y[:, 0], -y[:, 0]]), np.array([0 * y[:, 0], np.ones(len(y))])

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        p = v * y / self.s
        return -np.inf if (p < 0).any() or (p > 1).any() else float(np.sum(v * y))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y * np.clip(v * y, 0.0, self.s)


class LogisticLoss(Loss):
    """ℓ = log(1 + exp(−y f)), y = ±1: v = s y p, p = 1/(1 + exp(y f)), D(v) = Σ s H(p) in nats."""

    name = "logistic"
    takes_classes = True

    def check_targets(self, y: np.ndarray, bias: bool) -> None:
        check_signs(self.name, y)
        if bias and (y == y[0]).all():
            raise DataError(
                f"y holds the class {y[0, 0]:+g} only; {{loss}} has no minimiser then, as the intercept grows without "
                "end: give both classes, or bias=False.",
                loss=self.name,
            )

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        return float(np.sum(self.s * np.logaddexp(0.0, -y * f)))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.s * y * expit(-y * f)

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (self.s * expit(f) * expit(-f))[:, :, None]

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        # Σ s y expit(−y (f + t)) falls from the weight of +1 to minus that of −1 as t grows: one root, at log of
        # their ratio for f = 0
        above, below = np.sum(self.s * (y > 0)), np.sum(self.s * (y < 0))
        far = 60.0 + abs(np.log(above) - np.log(below))
        low, high = -np.max(f) - far, -np.min(f) + far
        root = brentq(lambda t: float(self.residual(f + t, y).sum()), low, high, xtol=1e-15, rtol=1e-15)
        return np.array([root])

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        p = v * y / self.s
        if (p < 0).any() or (p > 1).any():
            return -np.inf
        return float(-np.sum(self.s * (xlogy(p, p) + xlog1py(1 - p, -p))))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y * np.clip(v * y, 0.0, self.s)


class SoftmaxLoss(Loss):
    """ℓ = log Σ_o exp(f_o) − y·f, y one-hot: v = s (y − p), p = softmax(f), D(v) = Σ s H(p) in nats.

    The domain of D: p = y − v/s has rows in the simplex, so those of v sum to zero.
    """

    name = "softmax"
    takes_classes = True

    def check_targets(self, y: np.ndarray, bias: bool) -> None:
        if y.shape[1] < 2:
            raise DataError("y has one column; loss='softmax' takes one-hot rows, a column for each class.")
        odd = np.flatnonzero((np.sort(y, axis=1) != np.eye(y.shape[1])[-1]).any(axis=1))
        if odd.size:
            raise DataError(
                f"y[{odd[0]}] is {y[odd[0]].tolist()}; loss='softmax' takes one-hot rows: a 1 in the column of the "
                "class and 0 in all others."
            )
        absent = np.flatnonzero(~y.any(axis=0))
        if bias and absent.size:
            raise DataError(
                f"No sample is of class {absent[0]}; loss='softmax' has no minimiser then, as its intercept falls "
                "without end: leave its column out, or give bias=False."
            )

    def value(self, f: np.ndarray, y: np.ndarray) -> float:
        margins = f - np.sum(y * f, axis=1, keepdims=True)
        return float(np.sum(self.s * logsumexp(margins, axis=1, keepdims=True)))

    def residual(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        others = (1 - y) * softmax(
            f, axis=1
        )  # 1 − p of the class itself is their sum, accurate where it is small
        return self.s * (y * others.sum(axis=1, keepdims=True) - others)

    def curvature(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        p = softmax(f, axis=1)
        return (self.s * p)[:, :, None] * (np.eye(y.shape[1]) - p[:, None, :])

    def shift(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        t = best = np.zeros(y.shape[1])
        v, least, stalled = self.residual(f, y), np.inf, 0
        for k in range(SHIFT_STEPS):
            off = self._imbalance(v, y)
            stalled = 0 if off < 0.9 * least else stalled + 1
            best, least = (t, off) if off < least else (best, least)
            if off <= 4 * EPS or (off < NEXT and stalled > STALLED_SHIFT):
                break  # at rounding
            step = self._newton_step(f + t, y, v)
            newton = np.abs(step).max() < FAR_STEP
            ahead = self.residual(f + t + step, y) if newton else v
            if newton and self._imbalance(ahead, y) <= off / 2:
                t, v = t + step, ahead
            else:
                t = self._lowest(f, y, t, step if newton and k % 2 else self._scaling_step(f + t, y))
                v = self.residual(f + t, y)
        return self.canonical(best)

    def _imbalance(self, v: np.ndarray, y: np.ndarray) -> float:
        """The largest |Σ_i v_ik| of a class k as a part of Σ_i |v_ik|, which of a light class is small too."""
        floor = NO_CURVATURE * np.sum(self.s * y)
        return float(np.max(np.abs(v.sum(axis=0)) / np.maximum(np.abs(v).sum(axis=0), floor)))

    def _newton_step(self, f: np.ndarray, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """H⁺ Σ_i v_i, H_kl = −Σ s p_k p_l and rows that sum to zero: in columns of one size, and with its null vector,
        the intercept that all outputs share, filled up."""
        p = softmax(f, axis=1)
        hessian = -(self.s * p).T @ p
        np.fill_diagonal(hessian, 0.0)
        np.fill_diagonal(hessian, -hessian.sum(axis=1))
        size = np.sqrt(np.maximum(hessian.diagonal(), NO_CURVATURE * np.sum(self.s * y)))
        null = size / np.linalg.norm(size)
        scaled = hessian / size / size[:, None] + np.outer(null, null)
        return np.asarray(np.linalg.lstsq(scaled, v.sum(axis=0) / size, rcond=None)[0] / size)

    def _scaling_step(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """log Σ s y_k − log Σ s p_k: iterative scaling, along which the loss falls wherever it begins."""
        s = np.broadcast_to(self.s, (len(y), 1))
        expected = logsumexp(f - logsumexp(f, axis=1, keepdims=True), axis=0, b=s)
        return np.asarray(np.log(np.sum(s * y, axis=0)) - expected)

    def _lowest(self, f: np.ndarray, y: np.ndarray, t: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """t and so much of a direction along which the loss falls that hardly any slope of it is left."""
        low, high, length = 0.0, np.inf, 1.0
        begin = float(self.residual(f + t, y).sum(axis=0) @ direction)
        for _ in range(HALVINGS):
            falls = float(self.residual(f + t + length * direction, y).sum(axis=0) @ direction)
            if abs(falls) <= 0.3 * begin:
                break
            low, high = (length, high) if falls > 0 else (low, length)
            length = 2 * length if np.isinf(high) else (low + high) / 2
        return t + length * direction

    def canonical(self, t: np.ndarray) -> np.ndarray:
        # probabilities do not see what all outputs share; those of neurons are free of it, as it costs
        return t - t.mean()

    def dual(self, v: np.ndarray, y: np.ndarray) -> float:
        # 1 − p of the class itself, and p of the others
        small = np.where(y > 0, 1, -1) * v / self.s
        if (
            (small < 0).any()
            or (small > 1).any()
            or (np.abs(v.sum(axis=1, keepdims=True)) > 1e-12 * self.s).any()
        ):
            return -np.inf
        return float(-np.sum(self.s * np.where(y > 0, xlog1py(1 - small, -small), xlogy(small, small))))

    def clip(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        # p = max(y − v/s − θ, 0) with rows that sum to one: all of them kept if that leaves none below 0, else those
        # above the level of the sorted ones; θ is a mean of v/s, accurate where this is tiny
        less = v / self.s
        falling = -np.sort(less - y, axis=1)
        levels = (np.cumsum(falling, axis=1) - 1) / np.arange(1, y.shape[1] + 1)
        last = np.count_nonzero(falling > levels, axis=1) - 1
        whole = (y - less >= -less.mean(axis=1, keepdims=True)).all(axis=1, keepdims=True)
        kept = whole | (y - less > levels[np.arange(len(v)), last][:, None])
        over = np.sum(kept * y, axis=1, keepdims=True) - 1 - np.sum(kept * less, axis=1, keepdims=True)
        theta = over / kept.sum(axis=1, keepdims=True)
        sign = np.where(y > 0, 1, -1)  # rounding ends where p has to
        return self.s * sign * np.clip(sign * np.where(kept, less + theta, y), 0.0, 1.0)

    def balance(self, v: np.ndarray) -> np.ndarray:
        # rows are shortened, v_i ← r_i v_i with r_i ≤ 1, which keeps p between y and itself; in columns of one size,
        # as weights of classes may have many
        size = np.linalg.norm(v, axis=0)
        scaled = v / np.where(size > 0, size, 1.0)
        r = 1 - scaled @ np.linalg.lstsq(scaled.T @ scaled, scaled.sum(axis=0), rcond=None)[0]
        return np.maximum(r / r.max(), 0.0)[:, None] * v


LOSSES: tuple[Loss, ...] = (
    SquaredLoss(),
    LogisticLoss(),
    SoftmaxLoss(),
    HingeLoss(),
)


def find_loss(loss: Any, weights: np.ndarray | None = None) -> Loss:
    """The loss of that name, or the instance, with weights of the samples; or an `OptionError`."""
    named = {known.name: known for known in LOSSES}
    found = named.get(loss) if isinstance(loss, str) else loss
    if not isinstance(found, Loss):
        raise OptionError(
            f"{{loss}}; one of {', '.join(map(repr, named))} or a Loss was expected.", loss=loss
        )
    return found if weights is None else found.weighted(weights)
