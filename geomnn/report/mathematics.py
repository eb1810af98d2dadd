"""Formulas as MathML, which browsers set by themselves: no script and no font is loaded.

The closed form is that of `AnalyticNetwork.to_latex`, with the ratios of volumes that the features are,

    (x̃·u)_+ = (± (x − x_a) ∧ (x_j − x_a) ∧ …)_+ / ‖⋆((x_j − x_a) ∧ …)‖_p.

Source: geomnn theory, section 1.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import numpy as np

from geomnn.atoms import Atom, Direction
from geomnn.networks.network import AnalyticNetwork

__all__ = ["closed_form", "display", "inline"]

# fences: no space around them
OPEN, CLOSE = "<mo form='prefix' stretchy='false'>(</mo>", "<mo form='postfix' stretchy='false'>)</mo>"
BAR = "<mo lspace='0' rspace='0' stretchy='false'>‖</mo>"
TALL_OPEN, TALL_CLOSE = "<mo form='prefix'>(</mo>", "<mo form='postfix'>)</mo>"
TOKEN = re.compile(r"[A-Za-z\d.]+/\d+|[A-Za-z]+|\d[\d.]*|\S")
FENCES = {"(": OPEN, ")": CLOSE, "‖": BAR, "|": BAR.replace("‖", "|")}
SHOWN_FACTORS = 5  # of a wedge; longer ones are cut short, names in the table are whole


def inline(text: str) -> str:
    """A formula in a line of text: letters, numbers and signs as they are, x_j and a^2 for what is lowered or raised,
    a/2 for a fraction, ~ for a thin space.

    Examples
    --------
    >>> inline("x_j")
    '<math><msub><mi>x</mi><mi>j</mi></msub></math>'
    """
    return f"<math>{_set(text)}</math>"


def display(*lines: str) -> str:
    """Formulas of their own, one a line, aligned at the &, in the spelling of `inline`."""
    rows = []
    for line in lines:
        left, _, right = line.rpartition("&")
        rows.append(f"<mtr><mtd class='left'>{_set(left)}</mtd><mtd class='right'>{_set(right)}</mtd></mtr>")
    return f"<math display='block'><mtable displaystyle='true'>{''.join(rows)}</mtable></math>"


def _set(text: str) -> str:
    parts: list[str] = []
    tokens, before = TOKEN.findall(text), ""
    while tokens:
        base, scripts = tokens.pop(0), dict[str, str]()
        if base == "−" and before in ("", "(", "="):
            parts.append("<mo form='prefix'>−</mo>")
            continue
        before = base
        while tokens and tokens[0] in "_^":
            script = tokens.pop(0)
            scripts[script] = _token(tokens.pop(0))
        kind = "munder" if base in "Σ" else {"_": "msub", "^": "msup", "_^": "msubsup"}.get("".join(scripts))
        inner = _token(base) + "".join(scripts.values())
        parts.append(f"<{kind}>{inner}</{kind}>" if scripts else inner)
    return "".join(parts)


def _token(token: str) -> str:
    if token in FENCES:
        return FENCES[token]
    if "/" in token:
        return "<mfrac>" + "".join(map(_token, token.split("/"))) + "</mfrac>"
    if token in "Σ~":
        return "<mo>∑</mo>" if token == "Σ" else "<mspace width='0.17em'/>"
    if token[0].isdigit() or token in "½":
        return f"<mn>{token}</mn>"
    return f"<mi>{token}</mi>" if token[0].isalpha() or token == "∞" else f"<mo>{html.escape(token)}</mo>"


def closed_form(network: AnalyticNetwork, terms: int = 16, digits: int = 5) -> str:
    """f(x) = t + Σ_j z_j (feature of the j-th atom), one neuron a line.

    Parameters
    ----------
    network : AnalyticNetwork
        With a scalar output.
    terms : int
        Show at most so many neurons, the largest ones, and say how many are left out.
    digits : int
        Significant digits of the coefficients.

    Returns
    -------
    str
        A ``<math>`` element.
    """
    shown = network.largest(terms)
    lines = [_number(network.intercept, digits, first=True)] if network.bias or not shown else []
    for j in shown:
        neuron = network.neurons[j]
        coefficient = _number(neuron.coefficient, digits, first=not lines)
        lines.append(f"{coefficient}<mspace width='0.3em'/>{_feature(neuron.atom)}")
    if left_out := len(network) - len(shown):
        lines.append(f"<mo>+</mo><mo>⋯</mo><mtext>&#160;({left_out} more neurons in the table)</mtext>")
    left = "<mi>f</mi><mo stretchy='false'>(</mo><mi>x</mi><mo stretchy='false'>)</mo><mo>=</mo>"
    rows = "".join(
        f"<mtr><mtd class='left'>{'' if k else left}</mtd><mtd class='right'>{line}</mtd></mtr>"
        for k, line in enumerate(lines)
    )
    return f"<math display='block'><mtable displaystyle='true'>{rows}</mtable></math>"


def _feature(atom: Atom) -> str:
    point = _difference("<mi>x</mi>", _sample(atom.samples[-1])) if atom.anchored else "<mi>x</mi>"
    sign = "" if atom.orientation > 0 else "<mo form='prefix'>−</mo>"
    factors = atom.factors(_sample, _difference, _direction)
    several = len(factors) > 1
    if len(factors) > SHOWN_FACTORS:
        factors = [*factors[:3], "<mo>⋯</mo>", factors[-1]]
    if atom.is_partial:
        rejected = f"<mrow>{_rejected(atom, factors)}</mrow>"
        unit = f"<mfrac>{rejected}{_norm('<mo>·</mo>', atom.norm)}</mfrac>"
        return _positive(f"{sign}{point}<mo>·</mo>{unit}", TALL_OPEN, TALL_CLOSE)
    if not factors:  # one feature
        pair = ["<mi>x</mi>", _sample(atom.samples[-1])] if atom.anchored else [sign + point]
        return _positive("<mo>−</mo>".join(pair if atom.orientation > 0 else pair[::-1]))
    blade = "<mo>∧</mo>".join(factors)
    star = "<mo form='prefix' lspace='0' rspace='0.1em'>⋆</mo>"
    base = _norm(star + (f"{OPEN}{blade}{CLOSE}" if several else blade), atom.norm)
    return f"<mfrac>{_positive(f'{sign}{point}<mo>∧</mo>{blade}')}{base}</mfrac>"


def _rejected(atom: Atom, factors: Sequence[str]) -> str:
    """reject(g, B), with the number of samples that make g in the place of their list."""
    residual = f"<msub><mi>g</mi><mtext>{len(atom.active or ())} active</mtext></msub>"
    if not factors:
        return residual
    blade = "<mo>∧</mo>".join(factors)
    return f"<mi>reject</mi>{OPEN}{residual}<mo>,</mo>{blade}{CLOSE}"


def _sample(row: int) -> str:
    return f"<msub><mi>x</mi><mn>{row}</mn></msub>"


def _difference(first: str, second: str) -> str:
    return f"{OPEN}{first}<mo>−</mo>{second}{CLOSE}"


def _direction(e: Direction) -> str:
    def basis(feature: int) -> str:
        return f"<msub><mi>e</mi><mn>{feature + 1}</mn></msub>"

    if not e.sign:
        return basis(e.first)
    return f"{OPEN}{basis(e.first)}<mo>{'+' if e.sign > 0 else '−'}</mo>{basis(e.second)}{CLOSE}"


def _positive(inner: str, opened: str = OPEN, closed: str = CLOSE) -> str:
    return f"<msub><mrow>{opened}{inner}{closed}</mrow><mo>+</mo></msub>"


def _norm(inner: str, norm: float) -> str:
    p = "<mi>∞</mi>" if np.isinf(norm) else f"<mn>{norm:g}</mn>"
    return f"<msub><mrow>{BAR}{inner}{BAR}</mrow>{p}</msub>"


def _number(value: float, digits: int, first: bool) -> str:
    form = " form='prefix'" if first else ""
    sign = f"<mo{form}>−</mo>" if value < 0 else "" if first else "<mo>+</mo>"
    mantissa, _, exponent = f"{abs(float(value)):.{digits}g}".partition("e")
    if not exponent:
        return f"{sign}<mn>{mantissa}</mn>"
    power = f"<msup><mn>10</mn><mn>{str(int(exponent)).replace('-', '−')}</mn></msup>"
    return f"{sign}<mn>{mantissa}</mn><mo>·</mo>{power}"
