"""Formulas of the theorems, as the site typesets them: LaTeX that another parser takes, and words that stay words."""

import re
import sys
from pathlib import Path

import pytest
from matplotlib.mathtext import MathTextParser

import proofs

sys.path.append(str(Path(__file__).parents[1] / "docs" / "_ext"))

from formulas import display, typeset

KNOWN = {
    r"\tfrac": r"\frac",
    r"\lt": "<",
    r"\gt": ">",
    r"\mathbb R": r"\mathbb{R}",
    r"\surd": "",
}  # to mathtext
THEOREMS = proofs.theorems()


def paragraphs(theorem):
    for text in (theorem.words, theorem.argument):
        yield from (block for block in re.split(r"\n\s*\n", text.strip("\n")) if not block.startswith("    "))
    for step in theorem.steps:
        yield from (step.claim, step.scope)


@pytest.mark.parametrize("name", THEOREMS)
def test_formulas_are_latex(name):
    parser = MathTextParser("path")
    found = 0
    for text in paragraphs(THEOREMS[name]):
        for formula in re.findall(r"\$([^$]+)\$", typeset(text)):
            for command, other in KNOWN.items():
                formula = formula.replace(command, other)
            parser.parse(f"${formula}$")
            found += 1
    assert found > 10


@pytest.mark.parametrize("name", THEOREMS)
def test_words_stay_words(name):
    for text in paragraphs(THEOREMS[name]):
        outside = re.sub(r"\$[^$]+\$", " ", typeset(text))
        lost = set(re.findall(r"(?<![\w.])[a-z]{5,}(?![\w(|])", text)) - set(
            re.findall(r"[a-z]{5,}", outside)
        )
        assert lost <= {"reject", "weights"}, lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("u, v and w", "$u$, $v$ and $w$"),
        ("a vector and I", "a vector and I"),
        ("(a) by step 2", "(a) by step 2"),
        ("all a_i in (T)", "all $a_{i}$ in (T)"),
        ("x̃_i·u ≠ 0", r"$\tilde x_{i}\cdot u \neq  0$"),
        ("for w ∈ {−1, 0, 1}^d,", r"for $w \in  \{-1, 0, 1\}^{d}$,"),
        ("det(U_S)² (Cauchy–Binet)", r"$\det (U_{S})^{2}$ (Cauchy–Binet)"),
        ("the rank is d−1", "the rank is $d-1$"),
        ("in [0, 1] of *all*", r"in \[0, 1\] of *all*"),
    ],
)
def test_by_hand(text, expected):
    assert typeset(text) == expected


def test_a_line_of_its_own():
    lines = ["    F(u) ≤ Σ_i q_i   for all u,", "    q_i = 0."]
    assert display(lines) == (
        "$$\n\\begin{aligned}\n& F(u) \\leq  \\sum _{i} q_{i} \\qquad \\text{for}\\; \\text{all}\\; u, "
        "\\\\\n& q_{i} = 0.\n\\end{aligned}\n$$"
    )
