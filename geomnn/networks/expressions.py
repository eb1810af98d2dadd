"""A network as text, LaTeX, HTML and SymPy.

The closed form is written with the ratios of volumes that the features are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p,

and without the differences where there is no bias.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from geomnn.errors import DataError

if TYPE_CHECKING:
    from geomnn.atoms import Atom
    from geomnn.networks.network import AnalyticNetwork

__all__ = ["to_html", "to_latex", "to_sympy", "to_text"]


def to_sympy(network: AnalyticNetwork, symbols: Any = None) -> Any:
    """f as a SymPy expression, Σ α_j Max(0, w_j·x + b_j) + t with 17-digit coefficients.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol, optional
        One for each feature; x1..xd if not given.

    Returns
    -------
    sympy.Expr, or a sympy.Matrix of shape (c, 1) for a vector output.

    Raises
    ------
    DataError
        If the number of symbols is not the number of features.
    """
    import sympy

    variables = sympy.symbols(f"x1:{network.features + 1}", real=True) if symbols is None else list(symbols)
    if len(variables) != network.features:
        raise DataError(f"{len(variables)} symbols were given; {network.features} are needed, one a feature.")
    inner, biases, outer, t = network.arrays()

    def affine(coefficients: np.ndarray, terms: Any, constant: float) -> Any:
        products = (sympy.Float(float(c), 17) * term for c, term in zip(coefficients, terms, strict=True))
        return sum(products, sympy.Float(float(constant), 17))

    hidden = [sympy.Max(0, affine(w, variables, b)) for w, b in zip(inner, biases, strict=True)]
    values = [affine(column, hidden, c) for column, c in zip(outer.T, t, strict=True)]
    return values[0] if network.outputs is None else sympy.Matrix(values)


def to_latex(network: AnalyticNetwork, digits: int = 4, terms: int | None = None) -> str:
    r"""The closed form, f(x) = t + Σ_j z_j (feature of the j-th atom).

    Parameters
    ----------
    digits : int
        Significant digits of the coefficients.
    terms : int, optional
        Show at most so many neurons, the largest ones, and say how many are left out.

    Returns
    -------
    str
        LaTeX for mathematics mode, an aligned block with one neuron a line.
    """
    shown = network.largest(terms)
    lines = []
    if network.bias or not shown:
        lines.append(_number(network.intercept, digits, first=True))
    for j in shown:
        neuron = network.neurons[j]
        lines.append(_number(neuron.coefficient, digits, first=not lines) + r"\, " + _feature(neuron.atom))
    if len(shown) < len(network):
        lines.append(rf"+ \cdots \quad (\text{{{len(network) - len(shown)} more neurons}})")
    return r"\begin{aligned} f(x) ={}& " + r" \\ & ".join(lines) + r" \end{aligned}"


def _feature(atom: Atom) -> str:
    """The feature of an atom as LaTeX: a ratio of volumes, or a rejected direction."""
    point = rf"(x - x_{{{atom.anchor}}})" if atom.anchored else "x"
    p = r"\infty" if np.isinf(atom.norm) else f"{atom.norm:g}"
    sign = "" if atom.orientation > 0 else "-"
    if atom.is_partial:
        return (
            rf"\left({sign}{point} \cdot \frac{{{atom.to_latex()}}}{{\lVert\,\cdot\,\rVert_{{{p}}}}}\right)_+"
        )
    factors = atom.to_latex_factors()
    if not factors:
        return rf"\left({sign}{point}\right)_+"
    blade = r" \wedge ".join(factors)
    return rf"\frac{{\left({sign}{point} \wedge {blade}\right)_+}}{{\lVert \star({blade}) \rVert_{{{p}}}}}"


def _number(value: Any, digits: int, first: bool) -> str:
    if np.ndim(value):
        entries = r" \\ ".join(_scientific(v, digits) for v in value)
        return ("" if first else "+ ") + rf"\begin{{pmatrix}} {entries} \end{{pmatrix}}"
    text = _scientific(abs(float(value)), digits)
    return ("-" if value < 0 else "") + text if first else ("- " if value < 0 else "+ ") + text


def _scientific(value: float, digits: int) -> str:
    text = f"{float(value):.{digits}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def to_text(network: AnalyticNetwork) -> str:
    """The closed form as plain text, one neuron a line."""
    t = network.intercept
    lines = [f"f(x) = {_short(t)}"]
    for neuron in network.neurons:
        z = neuron.coefficient
        coefficient = f"{z:+.6g}" if network.outputs is None else f"+ {_short(z)}"
        point = f"(x − x{neuron.atom.anchor})" if network.bias else "x"
        lines.append(f"  {coefficient} · ({point}·u)₊,  u ∝ {neuron.atom}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6) if np.ndim(value) else f"{value:.6g}"


def to_html(network: AnalyticNetwork) -> str:
    """The closed form, typeset, above a table of the neurons."""
    rows = "".join(
        f"<tr><td>{html.escape(str(n.atom))}</td><td>{html.escape(_plain(n.coefficient))}</td>"
        f"<td>{html.escape(_plain(n.weight))}</td><td>{n.bias:.5g}</td></tr>"
        for n in network.neurons[:20]
    )
    more = f"<tr><td colspan=4>… {len(network) - 20} more neurons</td></tr>" if len(network) > 20 else ""
    head = "<tr><th>atom</th><th>coefficient</th><th>weight</th><th>bias</th></tr>"
    return f"<div>$$ {network.to_latex(terms=8)} $$</div><table>{head}{rows}{more}</table>"


def _plain(value: Any) -> str:
    return ", ".join(f"{v:.5g}" for v in np.atleast_1d(value))
