"""Formulas as MathML, which browsers set by themselves: no script and no font is loaded.

The closed form is that of `AnalyticNetwork.to_latex`, with the ratios of volumes that the features are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p.

Source: geomnn theory, section 1.
"""

# These lines and not latex2mathml: its 3.81.1 sets an aligned block as one line with a bare & in it (ill-formed) and
# Σ_i with its index beside it, and would need LaTeX that cuts long wedges short anyway.

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from markupsafe import Markup

from geomnn.atoms import Atom, PartialWedge
from geomnn.checker.digits import printable
from geomnn.networks.network import AnalyticNetwork
from geomnn.numbers.rationals import SHORT, is_exact

__all__ = ["SHOWN_FACTORS", "closed_form", "display", "inline"]

TOKEN = re.compile(r'"[^"]*"|[A-Za-z]+|\d[\d.]*|\S')
SIGNS = {
    "(": "<mo form='prefix' stretchy='false'>(</mo>",
    ")": "<mo form='postfix' stretchy='false'>)</mo>",
    "⎛": "<mo form='prefix'>(</mo>",
    "⎠": "<mo form='postfix'>)</mo>",
    "‖": "<mo lspace='0' rspace='0' stretchy='false'>‖</mo>",
    "|": "<mo lspace='0' rspace='0' stretchy='false'>|</mo>",
    "⋆": "<mo form='prefix' lspace='0' rspace='0.1em'>⋆</mo>",
    "Σ": "<mo>∑</mo>",
    "∞": "<mi>∞</mi>",
    "½": "<mn>½</mn>",
    "~": "<mspace width='0.17em'/>",
}
SHOWN_FACTORS = 5  # of a wedge; longer ones are cut short, names in the table are whole


def inline(text: str) -> Markup:
    """A formula in a line of text: letters, numbers and signs as they are.

    x_j and a^2 for what is lowered or raised, a/2 for a fraction, {…} for what belongs together, ⎛…⎠ for parentheses as
    tall as what they hold, ~ for a thin space, "…" for words.

    Examples
    --------
    >>> print(inline("x_j"))
    <math><msub><mi>x</mi><mi>j</mi></msub></math>
    """
    return Markup(f"<math>{_set(text)}</math>")


def display(*lines: str) -> Markup:
    """Formulas of their own, one a line, aligned at the &, in the spelling of `inline`."""
    rows = []
    for line in lines:
        tokens = TOKEN.findall(line)  # an & in words is none of ours
        at = tokens.index("&") + 1 if "&" in tokens else 0
        left, right = (_row(part[::-1]) for part in (tokens[: max(at - 1, 0)], tokens[at:]))
        rows.append(f"<mtr><mtd class='left'>{left}</mtd><mtd class='right'>{right}</mtd></mtr>")
    return Markup(f"<math display='block'><mtable displaystyle='true'>{''.join(rows)}</mtable></math>")


def _set(text: str) -> str:
    return _row(TOKEN.findall(text)[::-1])


def _row(tokens: list[str]) -> str:
    """What stands before the end of a group; the next token is the last one of the list."""
    parts, before = list[str](), ""
    while tokens and tokens[-1] != "}":
        before, last = tokens[-1], before
        if before == "/":
            tokens.pop()
            parts.append(f"<mfrac>{parts.pop()}{_scripted(tokens)}</mfrac>")
        elif before == "−" and last in ("", "(", "⎛", "="):
            tokens.pop()
            parts.append("<mo form='prefix'>−</mo>")
        else:
            parts.append(_scripted(tokens))
    return "".join(parts)


def _scripted(tokens: list[str]) -> str:
    """The next piece, with what is lowered and raised beside it."""
    base, places = tokens[-1], ""
    inner = _piece(tokens)
    while tokens and tokens[-1] in "_^":
        places += tokens.pop()
        inner += _piece(tokens)
    kind = {"": "", "_": "munder" if base == "Σ" else "msub", "^": "msup", "_^": "msubsup"}[places]
    return f"<{kind}>{inner}</{kind}>" if kind else inner


def _piece(tokens: list[str]) -> str:
    """A group or a single token."""
    token = tokens.pop()
    if token == "{":
        row = _row(tokens)
        tokens.pop()
        return f"<mrow>{row}</mrow>"
    if token in SIGNS:
        return SIGNS[token]
    kind = "mtext" if token[0] == '"' else "mn" if token[0].isdigit() else "mi" if token.isalpha() else "mo"
    return f"<{kind}>" + html.escape(token.strip('"')) + f"</{kind}>"


def closed_form(network: AnalyticNetwork, terms: int = 16, digits: int = 5) -> Markup:
    """f(x) = t + Σ_j z_j (feature of the j-th atom), one neuron a line.

    Parameters
    ----------
    network : AnalyticNetwork
    terms : int
        Show at most so many neurons, the largest ones, and say how many are left out.
    digits : int
        Significant digits of the coefficients.

    Returns
    -------
    Markup
        A ``<math>`` element.
    """
    shown = network.largest(terms)
    lines = [_numbers(network.intercept, digits)] if network.bias or not shown else []
    for neuron in (network.neurons[j] for j in shown):
        sign = "+" if lines and (np.ndim(neuron.coefficient) or neuron.coefficient >= 0) else ""
        lines.append(
            f"{sign}{_numbers(neuron.coefficient, digits)} ~~ {_feature(neuron.atom, network.feature_names)}"
        )
    if left_out := len(network) - len(shown):
        lines.append(f'+ ⋯ ~~ "({left_out} more neurons in the table)"')
    return display(f"f(x) = & {lines[0]}", *lines[1:])


def _feature(atom: Atom, names: Sequence[str] | None) -> str:
    """The activation of an atom in the spelling of `inline`."""
    words = None if names is None else ['"{}"'.format(printable(name).replace('"', "″")) for name in names]
    if factored := atom.factored(words, '"feature {}"'):
        orientation, columns = factored
        sign, rows = "" if orientation > 0 else "−", ", ".join(f"x_{j}" for j in atom.samples)
        if len(columns) == 1:
            return f"{{({sign}{columns[0]})}}_+"
        norm = "∞" if np.isinf(atom.norm) else f"{atom.norm:g}"
        return f"{{⎛{sign}⋆({' ∧ '.join(columns)})[{rows}](x)⎠}}_+/{{‖·‖}}_{norm}"
    sign = "" if atom.orientation > 0 else "−"
    anchor = f"x_{atom.samples[-1]}" if atom.anchored else ""
    point = f"{sign}(x − {anchor})" if anchor else f"{sign}x"
    norm = "∞" if np.isinf(atom.norm) else f"{atom.norm:g}"
    factors = atom.to_latex_factors()
    if len(factors) > SHOWN_FACTORS:
        factors = [*factors[:3], "⋯", factors[-1]]
    blade = " ∧ ".join(factors).replace("-", "−")
    if isinstance(atom, PartialWedge):  # the number of samples that make g in the place of their list
        residual = f'g_"{len(atom.active)} active"'
        rejected = f"reject({residual}, {blade})" if blade else residual
        return f"{{⎛{point} · {{{rejected}}}/{{‖·‖}}_{norm}⎠}}_+"
    if not factors:  # one feature
        pair = f"x − {anchor}" if atom.orientation > 0 else f"{anchor} − x"
        return f"{{({pair if anchor else point})}}_+"
    base = f"({blade})" if len(factors) > 1 else blade
    return f"{{({point} ∧ {blade})}}_+/{{‖⋆{base}‖}}_{norm}"


def _numbers(value: Any, digits: int) -> str:
    """A number, or those of a vector output in parentheses."""
    if not np.ndim(value):
        return _number(value, digits)
    return f"({', '.join(_number(each, digits) for each in value)})"


def _number(value: Any, digits: int) -> str:
    """A short fraction as one, any other number in so many digits."""
    if is_exact(value) and "/" in (text := str(value)) and len(text) <= SHORT and value == Fraction(text):
        return text.replace("-", "−")
    mantissa, _, exponent = f"{float(value) + 0.0:.{digits}g}".partition("e")
    return (mantissa + (f"·10^{{{int(exponent)}}}" if exponent else "")).replace("-", "−")
