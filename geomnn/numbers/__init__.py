"""Exact numbers: rationals and sums of square roots."""
