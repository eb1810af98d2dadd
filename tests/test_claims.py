"""The page of claims: each section has its status, and the closed form of the cross polytope holds for other sizes."""

import re
from pathlib import Path

import numpy as np
import pytest

import geomnn as gm

PAGE = Path(__file__).parents[1] / "docs" / "claims.md"
STATUSES = {"reproduced", "sharper here", "needs a condition", "fails in this setting"}


def test_each_claim_has_one_status_and_its_arguments_are_conditions():
    first, *sections = re.split("^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    assert all(f"*{status}*" in first for status in STATUSES)
    assert len(sections) > 10
    for section in sections:
        [(conditions, status)] = re.findall(r"^>>> status\((.*)\)\n'(.*)'$", section, re.M)
        assert status in STATUSES
        names = re.findall(r"(\w+)=(?!=)", re.sub(r"\w+\([^()]*\)", "", conditions))
        assert {name.replace("_", " ") for name in names} <= STATUSES


@pytest.mark.parametrize(("d", "k"), [(2, 1), (2, 2), (3, 1), (4, 2), (5, 0), (5, 4)])
@pytest.mark.parametrize("reg", [0.1, 0.5])
def test_the_cross_polytope(d, k, reg):
    """P = 2(√k + √(d−k)) reg − reg²([k>0] + [k<d]), by a network of partial wedges."""
    X = np.vstack([np.eye(d), -np.eye(d)])
    signs = np.where(np.arange(d) < k, 1.0, -1.0)
    solution = gm.derive(X, np.tile(signs, 2), reg, norm=2, bias=False)
    closed = 2 * (k**0.5 + (d - k) ** 0.5) * reg - reg**2 * ((k > 0) + (k < d))
    assert solution.objective == pytest.approx(closed, rel=1e-6)
    assert solution.certificate.dual <= closed * (1 + 1e-9)
