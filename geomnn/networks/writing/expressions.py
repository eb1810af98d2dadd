"""A network as text, LaTeX, HTML and SymPy.

The closed form is written with the ratios of volumes that the features are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p,

and without the differences where there is no bias.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.atoms import AsideWedge, Atom, FeatureWedge, MergedWedge
from geomnn.checker.digits import any_size, printable
from geomnn.errors import DataError, OptionError
from geomnn.numbers.rationals import SHORT, is_exact, short_number, symbolic

if TYPE_CHECKING:
    from geomnn.networks.network import AnalyticNetwork

__all__ = [
    "FORMS",
    "Html",
    "check_form",
    "escape",
    "feature_latex",
    "to_html",
    "to_latex",
    "to_sympy",
    "to_text",
    "unit_feature",
    "variables",
]

FORMS = ("auto", "exact", "numeric")
MOST_ENTRIES = 6  # of a mean in a formula
LEFT = "style='text-align:left'"
ESCAPES = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "|": r"\textbar{}",
    "…": r"\ldots{}", "<": r"\textless{}", ">": r"\textgreater{}", '"': r"\textquotedbl{}",
})  # fmt: skip


def variables(features: int, symbols: Any = None, names: Sequence[str] | None = None) -> list[Any]:
    """One SymPy symbol a feature: those that were given, or of the names if these are words that differ, or x1..xd.

    Raises
    ------
    DataError
        If the number of symbols is not the number of features.
    """
    import sympy

    words = [name for name in dict.fromkeys(names or ()) if name.isidentifier() and not iskeyword(name)]
    named = words if len(words) == features else [f"x{k}" for k in range(1, features + 1)]
    found = [sympy.Symbol(name, real=True) for name in named] if symbols is None else list(symbols)
    if len(found) != features:
        raise DataError(f"{len(found)} symbols were given; {features} are needed, one a feature.")
    return found


def to_sympy(network: AnalyticNetwork, symbols: Any = None) -> Any:
    """f as a SymPy expression: Σ α_j Max(0, w_j·x + b_j) + t with 17-digit coefficients; for an exact network
    Σ z_j Max(0, u_j·x + b_j) + t, equal to it at every rational point. A scaling is part of it.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol, optional
        One for each feature; if not given, its name where all have one that is a word, and x1..xd elsewhere.

    Returns
    -------
    sympy.Expr, or a sympy.Matrix of shape (c, 1) for a vector output.

    Raises
    ------
    DataError
        If the number of symbols is not the number of features.
    """
    import sympy

    x = variables(network.features, symbols, network.feature_names)
    if network.exact:
        for layer in network.below:
            x = [unit_feature(atom, x) for atom in layer.atoms]
        terms = (symbolic(neuron.coefficient) * unit_feature(neuron.atom, x) for neuron in network.neurons)
        return sum(terms, symbolic(network.intercept))

    def affine(coefficients: np.ndarray, terms: Any, constant: float) -> Any:
        products = (
            sympy.Float(float(c), 17) * term for c, term in zip(coefficients, terms, strict=True) if c
        )
        return sum(products, sympy.Float(float(constant), 17))

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
    features = hidden(inner, biases, x)
    values = [affine(column, features, c) for column, c in zip(outer.T, t, strict=True)]
    return values[0] if network.outputs is None else sympy.Matrix(values)


def unit_feature(atom: Atom, x: Sequence[Any]) -> Any:
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
    r"""The closed form, f(x) = t + Σ_j z_j (feature of the j-th atom).

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
    lines = []
    if network.bias or not shown:
        lines.append(_number(network.intercept, digits, form, first=True))
    for j in shown:
        neuron = network.neurons[j]
        lines.append(
            _number(neuron.coefficient, digits, form, first=not lines) + r"\, " + feature_latex(neuron.atom)
        )
    if len(shown) < len(network):
        lines.append(rf"+ \cdots \quad (\text{{{len(network) - len(shown)} more neurons}})")
    formula = r"f(x) ={}& " + r" \\ & ".join(lines)
    for level, layer in enumerate(network.below, start=1):
        for k, (shift, parts) in enumerate(layer.sums()):
            pieces = [feature_latex(atom) for _, atom in parts]
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
        mean, deviation = (_vector([_scientific(v, digits) for v in column]) for column in pair)
        formula += rf" \\ & \text{{with }} x \text{{ and samples standardised: }} (x - {mean}) / {deviation}"
    if network.feature_names is not None:
        names = (escape(printable(name)).replace(" ", r"\ ") for name in network.feature_names)
        columns = _vector([rf"\mathrm{{{name}}}" for name in names])
        formula += rf" \\ & \text{{with }} x = {columns}"
    return rf"\begin{{aligned}} {formula} \end{{aligned}}"


def _vector(entries: Sequence[str], comma: str = r",\, ", dots: str = r"\ldots") -> str:
    """Entries in brackets, in the spelling of LaTeX or of text, the first ones where they are many."""
    return f"({comma.join([*entries[:MOST_ENTRIES], *[dots] * (len(entries) > MOST_ENTRIES)])})"


def escape(text: str) -> str:
    """Text as LaTeX; letters beyond Latin-1 as their code points, which every engine can set."""
    plain = text.translate(ESCAPES)
    return re.sub(r"[^ -~\xa1-ÿ]", lambda letter: rf"\texttt{{U+{ord(letter[0]):04X}}}", plain)


def feature_latex(atom: Atom, plus: str = "_+") -> str:
    """The feature of an atom as LaTeX: a ratio of volumes, or a rejected direction; x̃·u where nothing is the plus."""
    if isinstance(atom, FeatureWedge):
        return _deep_latex(atom)
    if isinstance(atom, MergedWedge):
        form = "auto" if is_exact(atom.bias) else "numeric"
        parts = (rf"{_size(share, 4, form)}\, {feature_latex(part, '')}" for share, part in atom.parts)
        return rf"\left({' + '.join(parts)}\right){plus}"
    at = atom.point("x_{{{}}}".format, "-") if atom.anchored else ""
    point = f"(x - {_grouped(atom, at)})" if atom.anchored else "x"
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


def _grouped(atom: Atom, point: str) -> str:
    """The point of an atom as something to subtract: a reflection is a difference itself."""
    return f"({point})" if isinstance(atom, AsideWedge) and atom.aside[1] < 0 else point


def _column(feature: int, level: int) -> str:
    """A feature of a hidden layer as LaTeX."""
    return rf"k{{{chr(39) * (level - 1)}}}_{{{feature}}}" if level > 1 else f"k_{{{feature}}}"


def _deep_latex(atom: FeatureWedge) -> str:
    r"""(± \star(k_3 \wedge k_9)[x_2])_+: the determinant of features at x and at the samples, over the norm."""
    columns = [_column(k, atom.level - 1) for k in atom.support] + ["1"] * atom.anchored
    sign = "" if atom.orientation > 0 else "-"
    if len(columns) == 1:
        return f"({sign}{columns[0]})_+" if sign else columns[0]
    rows, blade = ", ".join(f"x_{{{j}}}" for j in atom.samples), r" \wedge ".join(columns)
    inner = rf"{sign}{{\star}}({blade})[{rows}](x)"
    return rf"\frac{{\left({inner}\right)_+}}{{\lVert\,\cdot\,\rVert_1}}"


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


def to_text(network: AnalyticNetwork) -> str:
    """The closed form as plain text, one neuron a line; short exact numbers as they are."""
    lines = [f"f(x) = {_short(network.intercept)}"]
    for neuron in network.neurons:
        z = neuron.coefficient
        sign = "+" if np.ndim(z) or z >= 0 else ""
        space = " " if np.ndim(z) else ""
        lines.append(f"  {sign}{space}{_short(z)} · {_feature(neuron.atom)}")
    for level, layer in enumerate(network.below, start=1):
        for k, (shift, parts) in enumerate(layer.sums()):
            name = f"k{'′' * (level - 1)}{k}(x)"
            if layer.mix is None:
                lines.append(f"{name} = {_feature(parts[0][1])}")
            else:
                lines.append(
                    f"{name} = {_short(shift)}" if layer.folds else f"{name} = ( … )₊, … = {_short(shift)}"
                )
                lines += [f"  {'+' if c >= 0 else ''}{_short(c)} · {_feature(atom)}" for c, atom in parts]
    if network.scaling is not None:
        pair = network.scaling.mean, network.scaling.deviation
        mean, deviation = (_vector([f"{v:.6g}" for v in column], ", ", "…") for column in pair)
        lines.append(f"x and samples standardised: (x − {mean}) / {deviation}")
    if network.feature_names is not None:
        lines.append(f"x = {_vector([*map(printable, network.feature_names)], ', ', '…')}")
    return "\n".join(lines)


def _feature(atom: Atom) -> str:
    """(x̃·u)_+ with the name of u; over features k for x."""
    if isinstance(atom, MergedWedge):
        return f"({'x̃' if atom.anchored else 'x'}·u)₊,  u = {atom}"
    if isinstance(atom, FeatureWedge):
        variable, offset = f"k{'′' * (atom.level - 2)}", ", 1" * atom.anchored
    else:
        variable, offset = "x", f" − {_grouped(atom, atom.point())}" if atom.anchored else ""
    point = f"({variable}{offset})" if offset else variable
    return f"({point}·u)₊,  u ∝ {atom}"


def _short(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6) if np.ndim(value) else short_number(value)


class Html(str):
    """HTML that a notebook shows as it is, and that prints as its source."""

    def _repr_html_(self) -> str:
        return str(self)


def to_html(network: AnalyticNetwork, form: str = "auto", terms: int = 8, rows: int = 20) -> str:
    """The closed form, typeset, above a table of the neurons.

    Parameters
    ----------
    form : {"auto", "exact", "numeric"}
        As in `to_latex`.
    terms, rows : int
        How many neurons the formula and the table show, the largest ones.
    """
    form = check_form(form, network)
    shown = network.largest(rows)
    neurons = network.neurons if form != "numeric" else network.numeric().neurons
    body = "".join(
        f"<tr>{_cell(str(n.atom))}{_cell(_plain(n.coefficient, form))}{_cell(_plain(n.atom.weight, form))}"
        f"{_cell(_plain(n.atom.bias, form))}</tr>"
        for n in (neurons[j] for j in shown)
    )
    left = len(network) - len(shown)
    more = f"<tr><td colspan=4 {LEFT}>… {left} more neurons</td></tr>" if left else ""
    columns = () if network.below else network.feature_names or ()
    weight = "weight of u" + f" {_vector([*map(printable, columns)], ', ', '…')}" * bool(columns)
    head = "".join(
        f"<th {LEFT}>{html.escape(name)}</th>"
        for name in ("unit neuron u", "coefficient z", weight, "bias of u")
    )
    table = f"<table><tr>{head}</tr>{body}{more}</table>" if shown else ""
    return f"<div>$$ {to_latex(network, terms=terms, form=form)} $$</div>{table}"


def _cell(text: str) -> str:
    return f"<td {LEFT}>{html.escape(text)}</td>"


def _plain(value: Any, form: str) -> str:
    entries = np.atleast_1d(np.asarray(value, dtype=object))
    if form == "exact":
        with any_size():
            return ", ".join(map(str, entries))
    return ", ".join(short_number(v, 5) for v in entries)
