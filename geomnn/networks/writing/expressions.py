"""A network as LaTeX and SymPy.

The closed form is written with the ratios of volumes that the activations are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p,

and without the differences where there is no bias.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.atoms import AsideWedge, Atom, FeatureWedge, MergedWedge
from geomnn.checker.digits import any_size, printable
from geomnn.errors import DataError, OptionError
from geomnn.numbers.rationals import SHORT, exact_number, is_exact, symbolic
from geomnn.validation import check_flag, check_integer
from geomnn.words import feature_words

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = [
    "FORMS",
    "activation_latex",
    "check_form",
    "escape",
    "grouped",
    "to_latex",
    "to_sympy",
    "unit_activation",
    "variables",
    "vector",
]

FORMS = ("auto", "exact", "numeric")
MOST_ENTRIES = 6  # of a mean in a formula
ESCAPES = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}",
    "…": r"\ldots{}", "<": r"\textless{}", ">": r"\textgreater{}", '"': r"\textquotedbl{}",
})  # fmt: skip


def variables(features: int, symbols: Any = None, names: Sequence[str] | None = None) -> list[Any]:
    """One real SymPy symbol a feature: those that were given, by name or as they are, or its name where that is a word,
    and feature1 and so on elsewhere.

    Raises
    ------
    DataError
        If the number of symbols is not the number of features.
    """
    import sympy

    if symbols is None:
        numbered = feature_words(features, None, "feature{}")
        words = [name if name.isidentifier() and not iskeyword(name) else None for name in names or numbered]
        found = [word or number for word, number in zip(words, numbered, strict=True)]
        symbols = found if len(set(found)) == features else numbered
    given = [symbols] if isinstance(symbols, str) else list(symbols)
    if len(given) != features:
        raise DataError(f"{len(given)} symbols were given; {features} are needed, one a feature.")
    return [sympy.Symbol(symbol, real=True) if isinstance(symbol, str) else symbol for symbol in given]


def to_sympy(
    network: AnalyticNetwork, symbols: Any = None, digits: int | None = None, rational: bool = False
) -> Any:
    """f as a SymPy expression: Σ α_j Max(0, w_j·x + b_j) + t with 17-digit coefficients; for an exact network, and
    where numbers are rounded or fractions, Σ z_j Max(0, u_j·x + b_j) + t. A scaling is part of it.

    That of an exact network, if nothing is rounded, is equal to it at every rational point.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol or of str, optional
        One for each feature. Those that are given by name, or not at all, are ``sympy.Symbol(name, real=True)``: the
        same name without that assumption is another symbol to SymPy. Without them each is called as its feature where
        that is a word, and feature1, feature2, … elsewhere.
    digits : int, optional
        Significant digits that coefficients are rounded to, those of an exact network too.
    rational : bool
        Whether coefficients are fractions: the decimals that are written, so that 0.1 is 1/10.

    Returns
    -------
    sympy.Expr, or a sympy.Matrix of shape (c, 1) for a vector output.

    Raises
    ------
    DataError, OptionError
        If the number of symbols is not the number of features, or an option cannot be used.

    Examples
    --------
    >>> import geomnn as gm
    >>> celsius, energy = [[0], [6], [12], [18], [21], [24]], [28, 22, 16, 10, 16, 22]
    >>> gm.derive(celsius, energy, reg=3.6).network.to_sympy(["celsius"], digits=3, rational=True)
    19*Max(0, 18 - celsius)/20 + 9*Max(0, celsius - 18)/5 + 53/5
    """
    import sympy

    digits = None if digits is None else check_integer("digits", digits, 1, 17)
    rational, x = (
        check_flag("rational", rational),
        variables(network.features, symbols, network.feature_names),
    )
    if network.exact and digits is None:
        for layer in network.below:
            x = [unit_activation(atom, x) for atom in layer.atoms]
        terms = (symbolic(neuron.coefficient) * unit_activation(neuron.atom, x) for neuron in network.neurons)
        return sum(terms, symbolic(network.intercept))

    def number(value: Any) -> Any:
        rounded = float(value) if digits is None else float(f"{float(value):.{digits}g}")
        return symbolic(exact_number(rounded, "a weight")) if rational else sympy.Float(rounded, digits or 17)

    def affine(coefficients: np.ndarray, terms: Any, constant: float) -> Any:
        products = (number(c) * term for c, term in zip(coefficients, terms, strict=True) if c)
        return sum(products, number(constant))

    def hidden(weights: np.ndarray, biases: np.ndarray, terms: Any) -> list[Any]:
        return [sympy.Max(0, affine(w, terms, b)) for w, b in zip(weights, biases, strict=True)]

    if network.scaling is not None:
        x = [
            affine(row, x, b)
            for row, b in zip(*network.scaling.folded(np.eye(len(x)), np.zeros(len(x))), strict=True)
        ]
    for layer in network.below:
        x = hidden(*layer.arrays(), x)
        if layer.mix is not None:
            x = hidden(layer.mix, layer.shifts, x)
    inner, biases, outer, t = network.arrays()
    if network.neurons and (
        rational or digits is not None
    ):  # numbers of unit neurons, which are the rounder ones
        neurons = network.numeric().neurons
        inner, biases = np.array([n.atom.weight for n in neurons]), np.array([n.atom.bias for n in neurons])
        outer = np.array([n.coefficient for n in neurons]).reshape(outer.shape)
    activations = hidden(inner, biases, x)
    values = [affine(column, activations, c) for column, c in zip(outer.T, t, strict=True)]
    return values[0] if network.outputs is None else sympy.Matrix(values)


def unit_activation(atom: Atom, x: Sequence[Any]) -> Any:
    """Max(0, u·x + b) of an exact atom as a SymPy expression."""
    import sympy

    products = (symbolic(w) * symbol for w, symbol in zip(atom.weight, x, strict=True))
    return sympy.Max(0, sum(products, symbolic(atom.bias)))


def check_form(form: Any, network: AnalyticNetwork) -> str:
    """ "exact" or "numeric" from what was asked for: "auto" is exact for an exact network.

    Raises
    ------
    OptionError
        For another form, or an exact one of a network that is not.
    """
    if form not in FORMS:
        raise OptionError(f"form={form!r}; one of {', '.join(map(repr, FORMS))} was expected.")
    if form == "exact" and not network.exact:
        raise OptionError("form='exact' is for networks from derive(…, exact=True); take form='numeric'.")
    return form if network.exact else "numeric"


def to_latex(network: AnalyticNetwork, digits: int = 4, terms: int | None = None, form: str = "auto") -> str:
    r"""The closed form, f(x) = t + Σ_j z_j (activation of the j-th atom).

    Parameters
    ----------
    digits : int
        Significant digits of the coefficients.
    terms : int, optional
        Show at most so many neurons, the largest ones, and say how many are left out.
    form : {"auto", "exact", "numeric"}
        How the coefficients of an exact network are shown: "exact" in full, "numeric" as decimals, "auto" in full
        where they are short and otherwise as decimals with dots behind them.

    Returns
    -------
    str
        LaTeX for mathematics mode, an aligned block with one neuron a line.
    """
    form, shown = check_form(form, network), network.largest(terms)
    lines, names = [], None if network.below else network.feature_names
    if network.bias or not shown:
        lines.append(_number(network.intercept, digits, form, first=True))
    for j in shown:
        neuron = network.neurons[j]
        lines.append(
            _number(neuron.coefficient, digits, form, first=not lines)
            + r"\, "
            + activation_latex(neuron.atom, names=names)
        )
    if len(shown) < len(network):
        lines.append(rf"+ \cdots \quad (\text{{{len(network) - len(shown)} more neurons}})")
    formula = r"f(x) ={}& " + r" \\ & ".join(lines)
    for level, layer in enumerate(network.below, start=1):
        for k, (shift, parts) in enumerate(layer.sums()):
            names = network.feature_names if level == 1 else None
            pieces = [activation_latex(atom, names=names) for _, atom in parts]
            if layer.mix is not None:
                pieces = [
                    _number(c, digits, "numeric", first=not j) + r"\, " + pieces[j]
                    for j, (c, _) in enumerate(parts)
                ]
                pieces += [_number(shift, digits, "numeric", first=not pieces)] if shift or not pieces else []
            total = r" \\ & \quad ".join(pieces)
            total = total if layer.folds else rf"\bigl({total}\bigr)_+"
            formula += rf" \\ {_column(k, level)}(x) ={{}}& {total}"
    if network.scaling is not None:
        pair = network.scaling.mean, network.scaling.deviation
        mean, deviation = (vector([_scientific(v, digits) for v in column]) for column in pair)
        formula += rf" \\ & \text{{with }} x \text{{ and samples standardised: }} (x - {mean}) / {deviation}"
    if network.feature_names is not None:
        columns = vector([*map(_upright, network.feature_names)])
        formula += rf" \\ & \text{{with }} x = {columns}"
    return rf"\begin{{aligned}} {formula} \end{{aligned}}"


def vector(entries: Sequence[str], comma: str = r",\, ", dots: str = r"\ldots") -> str:
    """Entries in brackets, in the spelling of LaTeX or of text, the first ones where they are many."""
    return f"({comma.join([*entries[:MOST_ENTRIES], *[dots] * (len(entries) > MOST_ENTRIES)])})"


def escape(text: str) -> str:
    """Text as LaTeX; letters beyond Latin-1 as their code points, which every engine can set."""
    plain = text.translate(ESCAPES)
    return re.sub(r"[^ -~\xa1-ÿ]", lambda letter: rf"\texttt{{U+{ord(letter[0]):04X}}}", plain)


def _upright(name: str) -> str:
    """A name as LaTeX for mathematics mode."""
    return rf"\mathrm{{{escape(printable(name)).replace(' ', chr(92) + ' ')}}}"


def activation_latex(atom: Atom, plus: str = "_+", names: Sequence[str] | None = None) -> str:
    """The activation of an atom as LaTeX: a ratio of volumes, or a rejected direction; x̃·u where nothing is the plus.

    Parameters
    ----------
    atom : Atom
    plus : str
    names : sequence of str, optional
        Of the features; they are said where these are many.
    """
    if isinstance(atom, FeatureWedge):
        columns = [_column(k, atom.level - 1) for k in atom.support] + ["1"] * atom.anchored
        return _columns_latex(atom, atom.orientation, columns, plus)
    if isinstance(atom, MergedWedge):
        form = "auto" if is_exact(atom.bias) else "numeric"
        parts = (
            rf"{_size(share, 4, form)}\, {activation_latex(part, '', names)}" for share, part in atom.parts
        )
        return rf"\left({' + '.join(parts)}\right){plus}"
    upright = None if names is None else [*map(_upright, names)]
    if factored := atom.factored(upright, r"\mathrm{{feature}}_{{{}}}", (" + ", " - ")):
        return _columns_latex(atom, *factored, plus)
    at = atom.point("x_{{{}}}".format, "-") if atom.anchored else ""
    point = f"(x - {grouped(atom, at)})" if atom.anchored else "x"
    p = r"\infty" if np.isinf(atom.norm) else f"{atom.norm:g}"
    sign = "" if atom.orientation > 0 else "-"
    if atom.is_partial:
        return rf"\left({sign}{point} \cdot \frac{{{atom.to_latex()}}}{{\lVert\,\cdot\,\rVert_{{{p}}}}}\right){plus}"
    factors = atom.to_latex_factors()
    if not factors and atom.anchored:
        return f"{point}{plus}" if atom.orientation > 0 else f"({at} - x){plus}"
    if not factors:
        return f"({sign}x){plus}"
    blade = r" \wedge ".join(factors)
    star = blade if len(factors) == 1 else f"({blade})"
    return rf"\frac{{\left({sign}{point} \wedge {blade}\right){plus}}}{{\lVert \star {star} \rVert_{{{p}}}}}"


def grouped(atom: Atom, point: str) -> str:
    """The point of an atom as something to subtract: a reflection is a difference itself."""
    return f"({point})" if isinstance(atom, AsideWedge) and atom.aside[1] < 0 else point


def _column(feature: int, level: int) -> str:
    """A feature of a hidden layer as LaTeX."""
    return rf"k{{{chr(39) * (level - 1)}}}_{{{feature}}}" if level > 1 else f"k_{{{feature}}}"


def _columns_latex(atom: Atom, orientation: int, columns: Sequence[str], plus: str) -> str:
    r"""(± \star(k_3 \wedge k_9)[x_2])_+: the determinant of features at x and at the samples, over the norm."""
    sign = "" if orientation > 0 else "-"
    if len(columns) == 1:
        passed = isinstance(atom, FeatureWedge) and not sign  # which is never negative
        return columns[0] if passed else f"({sign}{columns[0]}){plus}"
    rows, blade = ", ".join(f"x_{{{j}}}" for j in atom.samples), r" \wedge ".join(columns)
    inner, p = rf"{sign}{{\star}}({blade})[{rows}](x)", r"\infty" if np.isinf(atom.norm) else f"{atom.norm:g}"
    return rf"\frac{{\left({inner}\right){plus}}}{{\lVert\,\cdot\,\rVert_{p if len(p) == 1 else f'{{{p}}}'}}}"


def _number(value: Any, digits: int, form: str, first: bool) -> str:
    if np.ndim(value):
        entries = r" \\ ".join(_scientific(v, digits) for v in value)
        return ("" if first else "+ ") + rf"\begin{{pmatrix}} {entries} \end{{pmatrix}}"
    text = _size(abs(value), digits, form)
    return ("-" if value < 0 else "") + text if first else ("- " if value < 0 else "+ ") + text


def _size(value: Any, digits: int, form: str) -> str:
    """A number that is not negative as LaTeX."""
    if form != "numeric":
        import sympy

        with any_size():
            text, long = sympy.latex(symbolic(value)), len(str(value)) > SHORT
        if isinstance(value, sympy.Add):
            text = rf"\left({text}\right)"
        if form == "exact" or not long:
            return text
    return _scientific(float(value), digits) + (r"\ldots" if form == "auto" else "")


def _scientific(value: float, digits: int) -> str:
    text = f"{float(value):.{digits}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
