"""The sums over rows that all large work is made of, block by block, in NumPy or in PyTorch on a device.

With x̃_i the rows in centred homogeneous coordinates, φ_i(u) = (x̃_i·u)_+ and v_i = −∂ℓ_i/∂f_i, these are

    L(f(X), y) with its gradient           Σ_i v_i φ_i(u), −Σ_i [x̃_i·u > 0] (v_i·α) x̃_i       (`value_gradient`)
    correlations and their slopes          Σ_i v_i φ_i(u), Σ_i [x̃_i·u > 0] (v_i·o) x̃_i         (`correlate`)
    a Gram matrix                          Σ_i φ_i(u) φ_i(u'), Σ_i φ_i(u) y_i, Σ_i φ_i(u)          (`gram`)

Products of a block are taken in the precision of the work; what is added up over blocks, and the loss, are in float64.

Source: geomnn theory, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
from scipy.sparse import issparse, vstack

from geomnn.errors import DataError, MissingPackage, OptionError, package
from geomnn.samples import Samples
from geomnn.validation import check_integer

__all__ = ["BLOCK_ROWS", "Sums", "check_device", "stacked"]

BLOCK_ROWS = 8192
KEPT = (
    2**26
)  # bytes of a table up to which its blocks are kept as they are worked on, and not made anew for each sum
PRECISIONS = ("float32", "float64")


def check_device(device: str | None) -> Any:
    """PyTorch where a device is asked for that is there, None for NumPy.

    Raises
    ------
    MissingPackage, OptionError
        If PyTorch is not installed, or has no such device.
    """
    if device is None:
        return None
    torch = package("torch", f"device={device!r}", "'geomnn[torch]'")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, TypeError) as reason:
        told = str(reason).splitlines()[0]
        wanted = "None (NumPy), 'cpu' or a device that PyTorch has here was expected"
        if "cuda" in str(device):
            raise MissingPackage(
                f"device={device!r}: PyTorch has no such GPU here ({told}); {wanted}."
            ) from reason
        raise OptionError(f"{{device}}; {wanted} ({told}).", device=device) from reason
    return torch


def stacked(parts: Iterable[Any]) -> Any:
    """Blocks of rows below each other, of one kind: arrays, CSR matrices or tensors."""
    blocks = list(parts)
    if issparse(blocks[0]):
        return vstack(blocks, format="csr")
    return np.concatenate(blocks) if isinstance(blocks[0], np.ndarray) else import_module("torch").cat(blocks)


class Sums:
    """The three sums over the rows of a table.

    Parameters
    ----------
    samples : Samples
        In memory, or read by `Rows`.
    precision : {"float32", "float64"}
        Of the products of a block.
    device : str, optional
        Of PyTorch; NumPy if not given.
    block_rows : int
        At most 8,192 count: sums over more rows lose digits in float32.

    Source: geomnn theory, section 5.
    """

    def __init__(
        self,
        samples: Samples,
        precision: str = "float32",
        device: str | None = None,
        block_rows: int = BLOCK_ROWS,
    ):
        if precision not in PRECISIONS:
            raise OptionError("{precision}; 'float32' or 'float64' was expected.", precision=precision)
        check_device(device)
        self.n, self.d, self.bias = *samples.X.shape, samples.bias
        size = check_integer("block_rows", block_rows, 1)
        self._table, self._centre, self._size = samples.X, samples.centre, min(size, BLOCK_ROWS)
        self._device, self._precision = device, np.dtype(precision)
        self._kept: list[tuple[slice, Any]] | None = None
        self._keeps = self.n * self.d * self._precision.itemsize <= KEPT

    @property
    def _torch(self) -> Any:
        """PyTorch, where a device was asked for."""
        return None if self._device is None else import_module("torch")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None}

    def _source(self) -> Iterator[Any]:
        table, size = self._table, self._size
        if hasattr(table, "blocks"):
            return table.blocks(size)
        return (table[first : first + size] for first in range(0, self.n, size))

    def __iter__(self) -> Iterator[tuple[slice, Any]]:
        """The centred blocks in the precision of the work, and which rows they are."""
        if self._kept is not None:
            yield from self._kept
            return
        first, kept = 0, list[tuple[slice, Any]]()
        for block in self._source():
            rows = slice(first, first + block.shape[0])
            first = rows.stop
            worked = rows, self._centred(block)
            if self._keeps:
                kept.append(worked)
            yield worked
        if self._keeps:
            self._kept = kept

    def _centred(self, block: Any) -> Any:
        """x_i − centre, in the type of the block or of the work, whichever is the finer: an offset costs no digits."""
        tensor = hasattr(block, "detach")
        if issparse(block):
            if self._torch is not None:
                raise DataError("X is sparse, which is worked on by NumPy alone; device=None was expected.")
            return block.astype(self._precision, copy=False)
        if tensor and self._torch is None:
            block = np.asarray(block.detach().cpu())
        if not self._centre.any():
            return self._in(block)
        if tensor and self._torch is not None:
            finer = self._torch.promote_types(block.dtype, getattr(self._torch, self._precision.name))
            centre = self._torch.as_tensor(self._centre, dtype=finer, device=block.device)
            return self._in(block.to(finer) - centre)
        finer = np.promote_types(block.dtype, self._precision)
        return self._in(np.subtract(block, self._centre.astype(finer), dtype=finer))

    def _in(self, array: Any) -> Any:
        """An array in the precision of the work, where that is done."""
        if self._torch is None:
            return np.asarray(array, dtype=self._precision)
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            array = array.copy()
        return self._torch.as_tensor(
            array, dtype=getattr(self._torch, self._precision.name), device=self._device
        )

    def _out(self, array: Any) -> np.ndarray:
        return np.asarray(array.cpu() if self._torch is not None else array, dtype=np.float64)

    def _split(self, units: np.ndarray) -> tuple[Any, Any]:
        """Weights (k, d) and biases (k,), zero without them."""
        biases = units[:, self.d] if self.bias else np.zeros(len(units))
        return self._in(units[:, : self.d]), self._in(biases)

    def _pulled(self, weights: Any, x: Any) -> np.ndarray:
        """Σ_i r_ij x̃_i over a block, for weights r (m, k), shape (k, D)."""
        sums = self._out(weights.T @ x)
        return np.column_stack([sums, self._out(weights.sum(0))]) if self.bias else sums

    def value_gradient(
        self,
        loss: Any,
        targets: np.ndarray,
        units: np.ndarray,
        alpha: np.ndarray,
        t: np.ndarray,
        gated: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """L(f(X), y) of f = Σ_j α_j (x̃·u_j)_+ + t, and its gradients in u, α and t, all in float64.

        Parameters
        ----------
        loss : Loss
        targets : ndarray, shape (n, c)
        units : ndarray, shape (k, D)
        alpha : ndarray, shape (k, c)
        t : ndarray, shape (c,)
        gated : ndarray of bool, shape (n, P), optional
            Where given, x̃·u_j where it is true, and 0 elsewhere, stands in the place of (x̃·u_j)_+; each column is that
            of k/P units, one after the other.

        Returns
        -------
        value : float
        units, alpha, t : ndarray
            The gradients, shapes (k, D), (k, c) and (c,).
        """
        value, slopes = 0.0, (np.zeros(units.shape), np.zeros(alpha.shape), np.zeros(t.shape))
        (w, b), outer = self._split(units), self._in(alpha)
        for rows, x in self:
            hidden = x @ w.T
            hidden += b
            on = hidden > 0 if gated is None else self._spread(gated[rows], len(units))
            hidden *= on
            part = loss if loss.weights is None else loss.weighted(loss.weights[rows])
            f, y = self._out(hidden @ outer) + t, targets[rows]
            v = part.residual(f, y)
            value += part.value(f, y)
            r = self._in(v)
            slopes[1][:] -= self._out(hidden.T @ r)
            pull = r @ outer.T
            pull *= on
            slopes[0][:] -= self._pulled(pull, x)
            slopes[2][:] -= v.sum(axis=0)
        return value, *slopes

    def _spread(self, gated: np.ndarray, k: int) -> Any:
        """Columns of gates as those of their units, one after the other."""
        columns = gated if gated.shape[1] == k else np.repeat(gated, k // gated.shape[1], axis=1)
        return columns if self._torch is None else self._torch.as_tensor(columns, device=self._device)

    def sides(self, units: np.ndarray) -> np.ndarray:
        """x̃_i·u > 0, shape (n, k)."""
        found, (w, b) = np.zeros((self.n, len(units)), dtype=bool), self._split(units)
        for rows, x in self:
            on = x @ w.T + b > 0
            found[rows] = on if self._torch is None else on.cpu().numpy()
        return found

    def of(self, chosen: np.ndarray) -> Sums:
        """The sums over some rows alone, which are kept in the precision of the work.

        Parameters
        ----------
        chosen : ndarray of int, shape (m,)
            Increasing.
        """
        marked = np.zeros(self.n, dtype=bool)
        marked[chosen] = True
        other = Sums.__new__(Sums)  # of what is centred, alone
        vars(other).update(
            vars(self), n=len(chosen), _table=self.taken(marked), _centre=np.zeros(self.d), _kept=None
        )
        return other

    def taken(self, marked: np.ndarray) -> Any:
        """The rows x_i − centre that are marked, in the precision of the work, shape (m, d)."""
        return stacked(x[np.flatnonzero(marked[rows])] for rows, x in self)

    def correlate(
        self, units: np.ndarray, v: np.ndarray, along: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Σ_i v_i φ_i(u), shape (k, c), and the slope in u of its component along o_u, shape (k, D).

        Parameters
        ----------
        units : ndarray, shape (k, D)
        v : ndarray, shape (n, c)
        along : ndarray, shape (k, c), optional
            o_u; no slopes, shape (0, D), if not given.
        """
        values, slopes = (
            np.zeros((len(units), v.shape[1])),
            np.zeros((len(units) * (along is not None), units.shape[1])),
        )
        (w, b), out = self._split(units), None if along is None else self._in(along)
        for rows, x in self:
            hidden, r = x @ w.T, self._in(v[rows])
            hidden += b
            on = hidden > 0
            hidden *= on
            values += self._out(hidden.T @ r)
            if out is not None:
                slopes += self._pulled((r @ out.T) * on, x)
        return values, slopes

    def gram(self, units: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ΦᵀΦ, Φᵀy and 1ᵀΦ, shapes (k, k), (k, c) and (k,).

        Parameters
        ----------
        units : ndarray, shape (k, D)
        targets : ndarray, shape (n, c)
        """
        k = len(units)
        products, correlations, sums = np.zeros((k, k)), np.zeros((k, targets.shape[1])), np.zeros(k)
        w, b = self._split(units)
        for rows, x in self:
            hidden = x @ w.T
            hidden += b
            hidden *= hidden > 0
            products += self._out(hidden.T @ hidden)
            correlations += self._out(hidden.T @ self._in(targets[rows]))
            sums += self._out(hidden.sum(0))
        return products, correlations, sums

    def predict(self, units: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Σ_u z_u (x̃_i·u)_+, shape (n, c)."""
        found, (w, b), outer = np.zeros((self.n, z.shape[1])), self._split(units), self._in(z)
        for rows, x in self:
            hidden = x @ w.T
            hidden += b
            hidden *= hidden > 0
            found[rows] = self._out(hidden @ outer)
        return found

    def projections(self, units: np.ndarray) -> np.ndarray:
        """x̃_i·u in the precision of the work, shape (n, k)."""
        found, (w, b) = np.zeros((self.n, len(units)), dtype=self._precision), self._split(units)
        for rows, x in self:
            along = x @ w.T
            along += b
            found[rows] = along if self._torch is None else along.cpu().numpy()
        return found

    def pulled(self, weights: np.ndarray) -> np.ndarray:
        """Σ_i r_ij x̃_i for weights r (n, k), shape (k, D)."""
        found = np.zeros((weights.shape[1], self.d + self.bias))
        for rows, x in self:
            found += self._pulled(self._in(weights[rows]), x)
        return found

    def squares(self, scale: np.ndarray) -> np.ndarray:
        """Σ_l (scale_l x_il)² of centred samples, shape (n,)."""
        found, factor = np.zeros(self.n), self._in(scale**2)
        for rows, x in self:
            found[rows] = self._out((x.multiply(x) if issparse(x) else x * x) @ factor)
        return found
