"""Dual values of proofs: logarithms between integers, and entropies that are hardly less than they are."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import entr

from geomnn.checker.dual_values import DUAL_VALUES
from geomnn.checker.logarithms import log_bounds
from geomnn.exact import Falsehood


def test_logarithms_are_enclosed():
    rng, bits = np.random.default_rng(0), 64
    numbers = [Fraction(1, 3), Fraction(1), Fraction(2), Fraction(2**70 - 1, 2**70), Fraction(10) ** 300]
    for size in range(1, 19):
        a, b = (int(k) for k in rng.integers(1, 10**size, 2))
        numbers += [Fraction(a, b), 1 + Fraction(1, 10**size), Fraction(b, 10**300)]
    with localcontext() as context:
        context.prec = 60
        for x in numbers:
            lower, upper = log_bounds(x, bits)
            assert lower <= (Decimal(x.numerator) / Decimal(x.denominator)).ln() * 2**bits <= upper
            assert upper - lower <= 2


def test_dual_values_of_classes():
    rng = np.random.default_rng(0)
    p, y = rng.integers(0, 65, 40), rng.choice([-1, 1], 40)
    p[:2] = 0, 64
    share, targets = p / 64, [Fraction(int(t)) for t in y]

    def dual(loss, p, targets=targets):
        return DUAL_VALUES[loss](Fraction(1, 64), [int(k) for k in p * y], targets)

    entropy = dual("logistic", p)
    assert float(entropy) == pytest.approx(np.sum(entr(share) + entr(1 - share)), rel=1e-13)
    finer = sum(
        Fraction(int(q), 64) * -log_bounds(Fraction(int(q), 64), 200)[0] for q in [*p, *(64 - p)] if q
    )
    assert 0 <= finer / 2**200 - entropy <= 40 / Fraction(2) ** 62
    assert dual("hinge", p) == Fraction(int(p.sum()), 64)
    for loss in ("logistic", "hinge"):
        for k, step in ((0, -1), (1, 1)):
            with pytest.raises(Falsehood, match="no dual value"):
                dual(loss, p + step * (np.arange(40) == k))
        with pytest.raises(Falsehood, match="not −1 and 1"):
            dual(loss, p, [Fraction(2), *targets[1:]])
