"""The network in closed form: every hidden neuron is a named atom times a coefficient."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from geomnn.atoms import Atom
from geomnn.checker.statements import brief
from geomnn.depth.layer import FeatureLayer
from geomnn.errors import DataError, OptionError, UnsupportedProblem
from geomnn.files import json_text, write_whole
from geomnn.inputs import explanation, extremes, monotonicity
from geomnn.networks.io import document, export, interchange
from geomnn.networks.neuron import ExactNeuron, Neuron
from geomnn.networks.scaling import Scaling
from geomnn.networks.writing import expressions, markup, text
from geomnn.numbers.rationals import exact_table, holds_exact, is_exact
from geomnn.validation import column_names, real_table

__all__ = ["AnalyticNetwork", "ExactNeuron", "Neuron"]


@dataclass(eq=False, repr=False)
class AnalyticNetwork:
    """A ReLU network whose weights are wedges of samples, and of features of samples where it is deep.

    f(x) = Σ_j α_j (w_j·k(x) + b_j)_+ + t,  k(x) = x, or the features of the hidden layers below; where features were
    standardised, k of (x − mean)/deviation, and the names, the neurons and the layers below are about these.

    Parameters
    ----------
    neurons : sequence of Neuron or of ExactNeuron
    intercept : float, Fraction, SymPy number or ndarray, shape (c,)
        t; a number for a scalar output, an exact one in an exact network.
    features : int
        d, so that a network without neurons knows what it takes.
    norm : float
        p.
    bias : bool
        Whether the neurons have biases and the network an intercept.
    below : sequence of FeatureLayer
        The hidden layers of unit neurons before the last one, the first one first.
    scaling : Scaling, optional
        What is done to the columns first.
    feature_names : sequence of str, optional
        Of the columns, one each.
    classes : sequence of str, optional
        What negative and positive values stand for, or of a vector output the largest of them.

    Raises
    ------
    UnsupportedProblem, OptionError
        If an exact network is to have a scaling, which has square roots in it; if one, or names, are of other features.

    Examples
    --------
    >>> import geomnn as gm
    >>> X, y = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], [0, 1, 1, 0, 0]
    >>> net = gm.derive(X, y, reg=0.15).network
    >>> print(net.neurons[0].atom)
    +⋆(x0 − x3) at x3
    >>> net([[0, 0], [1, 0]]).round(6).tolist()
    [0.2, 0.7]

    Source: geomnn theory, sections 0 and 1.
    """

    neurons: Sequence[Neuron | ExactNeuron]
    intercept: Any
    features: int
    norm: float
    bias: bool
    below: Sequence[FeatureLayer] = ()
    scaling: Scaling | None = None
    feature_names: Sequence[str] | None = None
    classes: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self.neurons, self.below = tuple(self.neurons), tuple(self.below)
        self.feature_names = None if self.feature_names is None else tuple(self.feature_names)
        self.classes = None if self.classes is None else tuple(self.classes)
        if self.scaling is not None and self.exact:
            raise UnsupportedProblem(
                "A scaling came with an exact network, and its deviations are square roots that were rounded; scale "
                "the columns by round numbers before the derivation, or take network.numeric()."
            )
        for given in (self.feature_names, None if self.scaling is None else self.scaling.mean):
            if given is not None and len(given) != self.features:
                raise OptionError(
                    f"Names or a scaling came for {len(given)} features and the network takes {self.features}; give "
                    "those of the table that it was derived from."
                )

    @classmethod
    def from_atoms(
        cls,
        atoms: Sequence[Atom],
        coefficients: np.ndarray,
        intercept: Any,
        features: int,
        norm: float,
        bias: bool,
        below: Sequence[FeatureLayer] = (),
        feature_names: Sequence[str] | None = None,
    ) -> AnalyticNetwork:
        """The balanced network Σ z_j (x̃·u_j)_+ + t: w = √‖z‖ u, α = z/√‖z‖.

        Parameters
        ----------
        atoms : sequence of Atom
        coefficients : ndarray, shape (k, c) for a vector output, (k,) for a scalar one
        intercept : float or ndarray, shape (c,)
        """
        neurons = []
        for atom, z in zip(atoms, coefficients, strict=True):
            root = float(np.sqrt(np.linalg.norm(z)))
            outer = z / root if np.ndim(z) else float(z / root)
            neurons.append(Neuron(root * atom.weight, root * atom.bias, outer, atom))
        return cls(neurons, intercept, features, norm, bias, below, feature_names=feature_names)

    @property
    def exact(self) -> bool:
        """Whether every number of the network is exact, as after ``derive(…, exact=True)``."""
        return is_exact(self.intercept)

    def numeric(self) -> AnalyticNetwork:
        """The network in float64: itself, unless it is exact."""
        return self._rounded if self.exact else self

    @cached_property
    def _rounded(self) -> AnalyticNetwork:
        neurons = [neuron.numeric() for neuron in self.neurons]
        below = [layer.numeric() for layer in self.below]
        return replace(self, neurons=neurons, intercept=float(self.intercept), below=below)

    def scaled(self, scaling: Scaling | None) -> AnalyticNetwork:
        """The network of the columns of a table, x ↦ f((x − mean)/deviation), of one that takes standardised ones.

        Parameters
        ----------
        scaling : Scaling or None
            None: the network that takes standardised features, of one that standardises them itself.
        """
        return replace(self, scaling=scaling)

    def over(self, layer: FeatureLayer, features: int) -> AnalyticNetwork:
        """The network on top of a layer that makes its features of so many columns: those that something depends on,
        in the order of their names.

        Raises
        ------
        UnsupportedProblem
            If the network standardises its features.
        """
        if self.scaling is not None:
            raise UnsupportedProblem(
                "The network standardises its features; put net.scaled(None) on a layer of standardised features."
            )
        lower = [neuron.atom for neuron in self.neurons] if not self.below else self.below[0].atoms
        used = sorted({k for atom in lower for k in atom.support}, key=layer.place)
        atoms = [atom.among(used) for atom in lower]
        below, network = [layer.only(used), *self.below], self if self.below else self.with_atoms(atoms)
        if self.below:
            below[1] = replace(self.below[0], atoms=tuple(atoms))
        return replace(network, features=features, below=below if used else (), feature_names=None)

    def with_atoms(self, atoms: Sequence[Atom]) -> AnalyticNetwork:
        """The network with other names for the atoms of its neurons."""
        neurons = [neuron.with_atom(atom) for neuron, atom in zip(self.neurons, atoms, strict=True)]
        return replace(self, neurons=neurons)

    @property
    def depth(self) -> int:
        """Layers of weights, hidden ones and that of the outputs: 2 for one hidden layer."""
        return 2 + sum(1 if layer.folds else 2 for layer in self.below)

    @property
    def outputs(self) -> int | None:
        """c for a vector output, None for a scalar one."""
        return len(self.intercept) if np.ndim(self.intercept) else None

    def __len__(self) -> int:
        return len(self.neurons)

    def __call__(self, X: Any) -> np.ndarray:
        """f(x) for every row.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Columns as they are in the table; a network with a scaling standardises them itself.

        Returns
        -------
        ndarray, shape (n,) or (n, c)
            Of floats; of exact numbers for an exact network and a table of Fractions, Decimals or SymPy rationals.

        Raises
        ------
        DataError
            If X is not a table with d columns of finite numbers, or one with names that has others.
        """
        table = self.checked_inputs(X)
        if self.exact and holds_exact(X):
            return self._exactly(exact_table(X))
        if self.scaling is not None:
            table = self.scaling(table)
        inner, biases, outer, t = self.arrays()
        for layer in self.below:
            table = layer(table)
        values = np.maximum(table @ inner.T + biases, 0.0) @ outer + t
        return values if self.outputs is not None else values[:, 0]

    def checked_inputs(self, X: Any, name: str = "X") -> np.ndarray:
        """A table of inputs in float64, shape (n, d), refused if it is none for this network.

        Parameters
        ----------
        X : array_like, shape (n, d)
        name : str
            What it is called in messages.

        Raises
        ------
        DataError
            As in a call.
        """
        table = real_table(X, name)
        if table.shape[1] != self.features:
            raise DataError(
                f"{name} has {table.shape[1]} columns; this network takes {self.features}: give the features that it "
                "was derived from, in the same order."
            )
        names = column_names(X)
        if None not in (names, self.feature_names) and names != self.feature_names:
            raise DataError(
                f"{name} has the columns {brief(names)}; this network takes {brief(self.feature_names)}, in this order."
            )
        return table

    def _exactly(self, rows: list[list[Fraction]]) -> np.ndarray:
        """f(x) = Σ z_j (u_j·x̃)_+ + t in the numbers of the network."""
        from geomnn.numbers.roots import RootBasis  # which loads FLINT and SymPy

        for layer in self.below:
            rows = layer.exactly(rows)
        basis = RootBasis()
        totals = [basis.read(self.intercept)] * len(rows)
        for neuron in self.neurons:
            z, b = basis.read(neuron.coefficient), basis.read(neuron.atom.bias)
            weight = [basis.read(w) for w in neuron.atom.weight]
            for i, row in enumerate(rows):
                activation = sum((w * x for w, x in zip(weight, row, strict=True)), b)
                if activation.sign() > 0:
                    totals[i] = totals[i] + z * activation
        rational = all(total.is_rational for total in totals)
        values = [total.to_fraction() if rational else total.to_sympy() for total in totals]
        return np.array(values, dtype=object)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """w (k, d), b (k,), α (k, c) and t (c,) of the last hidden layer in float64, with c = 1 for a scalar output; d
        is the number of features of the layer below; without one, of features that are standardised if there is a
        scaling. `layers` has weights of the columns as they are."""
        k, neurons = len(self.neurons), self.numeric().neurons
        width = self.below[-1].width if self.below else self.features
        t = np.atleast_1d(np.asarray(self.intercept, dtype=float))
        inner = np.array([n.weight for n in neurons]).reshape(k, width)
        biases = np.array([n.bias for n in neurons]).reshape(k)
        outer = np.array([n.outer for n in neurons]).reshape(k, len(t))
        return inner, biases, outer, t

    def largest(self, terms: int | None = None) -> list[int]:
        """Positions of the neurons with the largest ‖z‖, at most so many, in the order of the network."""
        neurons = self.numeric().neurons
        order = sorted(range(len(self)), key=lambda j: -float(np.linalg.norm(neurons[j].coefficient)))
        return sorted(order if terms is None else order[: max(terms, 0)])

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """[(W (out, in), b (out,) or None), …] as in PyTorch, ReLU between the layers, of the columns as they are: a
        scaling is folded into the first layer, which then has biases."""
        inner, biases, outer, t = self.arrays()
        pairs: list[tuple[np.ndarray, np.ndarray]] = []
        # what the features are of the last neurons
        mix, shift = np.eye(self.features), np.zeros(self.features)
        for layer in self.below:
            weights, offsets = layer.arrays()
            weights = weights.reshape(-1, len(mix))
            pairs.append((weights @ mix, weights @ shift + offsets))
            mix = np.eye(layer.width) if layer.mix is None else layer.mix
            shift = layer.shifts
            if not layer.folds:
                pairs.append((mix, shift))
                mix, shift = np.eye(layer.width), np.zeros(layer.width)
        pairs += [(inner @ mix, inner @ shift + biases), (outer.T, t)]
        layers = [(weights, offsets if self.bias else None) for weights, offsets in pairs]
        return layers if self.scaling is None else [self.scaling.folded(*pairs[0]), *layers[1:]]

    table = export.to_table
    to_torch = export.to_torch
    to_onnx = export.to_onnx
    to_sympy = expressions.to_sympy
    to_latex = expressions.to_latex
    to_html = markup.to_html
    describe = text.to_words
    explain = explanation.explain
    monotone = monotonicity.monotone
    extremes = extremes.extremes
    __str__ = text.to_text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex(terms=8)}$"

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        kind = "scalar output" if self.outputs is None else f"{self.outputs} outputs"
        hidden = "".join(f"{len(layer.atoms)} + " for layer in self.below)
        features = f"{self.features} {'features' if self.scaling is None else 'standardised features'}"
        return f"AnalyticNetwork({features}, {hidden}{len(self)} neurons, {kind}, norm={self.norm:g})"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network as JSON, its scaling included; numbers survive to the last bit."""
        write_whole(path, json_text(document.dump(self)))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AnalyticNetwork:
        """Read a network that `save` wrote.

        Raises
        ------
        FormatError
            If the file is anything else, or of a version that this one does not know.
        """
        return cls(**document.load(path))

    @classmethod
    def from_torch(cls, model: Any, X: Any, norm: float = 1, bias: bool | None = None) -> AnalyticNetwork:
        """The network whose hidden neurons are wedges of samples, named: the same function everywhere, to rounding.

        Each neuron is divided by ‖w‖_p, named over the samples, or over the features below at the samples, and its
        weights are computed anew from its name. Constant ones, and those that nothing depends on, are kept out.

        Parameters
        ----------
        model : torch.nn.Module
            In float64, as `to_torch` writes it; or whatever else `networks.io.interchange.layers_of` reads.
        X : array_like, shape (n, d)
            The samples.
        norm : {1, 2, inf}
            p; 1 for more than one hidden layer.
        bias : bool, optional
            Whether the network has biases; None: whether the model has.

        Returns
        -------
        AnalyticNetwork
            With a scalar output where the model has one output.

        Raises
        ------
        DataError, UnsupportedProblem, OptionError
            If a hidden neuron is no wedge of these samples, or the model, the samples or an option cannot be used.

        Examples
        --------
        >>> import geomnn as gm
        >>> layers = [([[2, -2], [-2, 2]], [0, 0]), ([[3, 3]], [1])]
        >>> print(gm.AnalyticNetwork.from_torch(layers, [[0, 0], [1, 1], [2, 0]]))
        f(x) = 1
          +12 · ((x − x1)·u)₊,  u ∝ −⋆(x0 − x1) at x1
          +12 · ((x − x1)·u)₊,  u ∝ +⋆(x0 − x1) at x1

        Source: geomnn theory, sections 1 and 7.
        """
        return cls.from_atoms(**interchange.named_parts(model, X, norm, bias))
