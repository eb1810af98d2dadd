"""Mathematics for terminals that have no letters for it: the one table of what is written in their place."""

from __future__ import annotations

import re

__all__ = ["LETTERS", "spelt"]

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
SYMBOLS = {
    "−": "-", "–": "-", "·": "*", "⋅": "*", "∗": "*", "⋆": "*", "×": "x", "∧": "^", "⊗": "(x)", "√": "sqrt",
    "‖": "||", "…": "...", "⋯": "...", "½": "1/2", "¼": "1/4", "⅛": "1/8", "±": "+-", "∓": "-+", "∞": "inf",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∝": "~", "⪰": ">=", "→": "->", "↦": "->", "∈": " in ", "∩": " and ",
    "⊂": " within ", "∖": " without ", "⊥": "_|_", "∂": "d", "∑": "sum", "₊": "_+", "ᵀ": "^T", "ℓ": "l", "⟨": "<",
    "⟩": ">", "′": "'", "‘": "'", "’": "'", "“": '"', "”": '"', "\u0303": "~", "\u0302": "^", "\u00a0": " ",
    "⎛": "(", "⎜": "|", "⎝": "(", "⎞": ")", "⎟": "|", "⎠": ")",
}  # fmt: skip
GREEK = dict(zip(
    "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
     "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta",
     "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"], strict=True))  # fmt: skip
SUBSCRIPT = {chr(0x2080 + digit): f"_{digit}" for digit in range(10)}
LETTERS = SYMBOLS | GREEK | SUBSCRIPT


def spelt(text: str, encoding: str | None) -> str:
    """A text in letters that an encoding has: α is alpha in ASCII, and what it does not know is spelt as \\xe4.

    Parameters
    ----------
    text : str
    encoding : str or None
        That of a stream; UTF-8 if it has none.
    """
    encoding = encoding or "utf-8"
    if _has(encoding, text):
        return text
    text = RAISED.sub(
        lambda found: found[0] if _has(encoding, found[0]) else f"^{found[0].translate(SUPERSCRIPT)}", text
    )
    return "".join(
        c if _has(encoding, c) else LETTERS.get(c) or c.encode("ascii", "backslashreplace").decode()
        for c in text
    )


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
