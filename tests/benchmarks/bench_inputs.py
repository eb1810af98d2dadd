"""What a network does between the samples: cells, Lipschitz constants and radii, in seconds of the CPU.

python tests/benchmarks/bench_inputs.py

Each row says what is asked of it and exits with 1 where that is missed: 100 lines in at most a second, radii of two
hundred samples of the plane in at most one, and at thirty features and sixty neurons a median radius in at most two.
"""

import sys
import time

import numpy as np

import geomnn as gm
from geomnn.deadline import NEVER, Deadline
from geomnn.inputs.cells import cells_of
from geomnn.inputs.lipschitz import _by_programs, _on_cells
from geomnn.inputs.pieces import Pieces, pieces_of, rationals
from geomnn.inputs.sought import Sought

BALLS = (1, 2, np.inf)


def random_pieces(k, d, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(k, d))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    biases = -(weights * rng.uniform(-1, 1, (k, d))).sum(axis=1)
    pieces = Pieces.of(weights, biases, rng.normal(size=k), np.zeros(d), 0.0)
    middle = float(np.median(pieces(rng.uniform(-1, 1, (1000, d)))))
    return Pieces.of(weights, biases, pieces.jumps, np.zeros(d), -middle)


def timed(call):
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def cells():
    for k in (10, 30, 100):
        pieces = random_pieces(k, 2)
        found, seconds = timed(lambda pieces=pieces: cells_of(pieces))
        table = rationals(
            np.round(64 * np.column_stack([pieces.normals, pieces.offsets])).astype(int).tolist()
        )
        exact = Pieces.of(table[:, :2], table[:, 2], table[:, 2] * 0 + 1, 0 * table[0, :2], table[0, 0])
        other, longer = timed(lambda exact=exact: cells_of(exact))
        print(
            f"{k} lines: {len(found):,} cells in {seconds:.4f} s; in rationals {len(other):,} in {longer:.3f} s"
        )
    return seconds <= 1


def plane_radii():
    rng, slowest = np.random.default_rng(1), 0.0
    for k in (10, 30, 100):
        pieces = random_pieces(k, 2)
        X = rng.uniform(-1, 1, (200, 2))
        y = np.where(pieces(X) > 0, 1, -1)
        for r in BALLS:
            asked = Sought(pieces, r, 0)

            def all_radii(asked=asked, X=X, y=y):
                return [asked.radius(x, sign, NEVER)[0] for x, sign in zip(X, y, strict=True)]

            radii, seconds = timed(all_radii)
            slowest = max(slowest, seconds)
            print(
                f"{k} lines, r = {r}: radii of 200 samples in {seconds:.3f} s, median {np.median(radii):.4f}"
            )
    return slowest <= 1


def program_radii():
    pieces, rng, fine = random_pieces(60, 30), np.random.default_rng(2), True
    for r in (1, np.inf):
        asked, times, ends = Sought(pieces, r, 0), [], []
        for x in rng.uniform(-1, 1, (15, 30)):
            sign = 1 if pieces(x[None])[0] > 0 else -1
            found, seconds = timed(
                lambda x=x, sign=sign, asked=asked: asked.radius(x, sign, Deadline.after(10))
            )
            times.append(seconds)
            ends.append(found[0] / found[1])
        fine &= np.median(times) <= 2
        print(f"d = 30, k = 60, r = {r}: radius in {np.median(times):.3f} s, at most {max(times):.2f} s; "
              f"lower/upper {min(ends):.6f} to {max(ends):.6f}")  # fmt: skip
        margins = [
            timed(lambda x=x, asked=asked: asked.margin(x, 1, 0.1, NEVER))
            for x in rng.uniform(-1, 1, (15, 30))
        ]
        print(f"  margin at eps = 0.1 in {np.median([seconds for _, seconds in margins]):.3f} s")
    return bool(fine)


def constants():
    grid = np.array([[i, j] for i in range(4) for j in range(4)], dtype=float)
    wedges = pieces_of(gm.derive(grid, np.sign((grid[:, 0] - 1.5) * (grid[:, 1] - 1.5)), reg=0.05).network)
    box, fine = np.array([[0.0, 0.0], [3.0, 3.0]]), True
    for r in (1, np.inf):
        (exact, _), seconds = timed(lambda r=r: _on_cells(wedges, box, r))
        (lower, upper, _), longer = timed(lambda r=r: _by_programs(wedges, box, r, NEVER, 0))
        fine &= abs(lower - exact) <= 1e-9
        print(f"wedges of a grid, r = {r}: {exact:.6f} by cells in {seconds:.4f} s, by programs {lower:.6f} to "
              f"{upper:.6f} in {longer:.2f} s")  # fmt: skip
    for d, k in ((10, 30), (30, 60)):
        pieces, box = random_pieces(k, d), np.array([[-1.0] * d, [1.0] * d])
        for r in BALLS:
            (lower, upper, _), seconds = timed(
                lambda r=r, pieces=pieces, box=box: _by_programs(pieces, box, r, Deadline.after(20), 0)
            )
            print(f"d = {d}, k = {k}, r = {r}: {lower:.4f} to {upper:.4f} in {seconds:.1f} s; "
                  f"sum {pieces.steepest(r):.4f}")  # fmt: skip
    return bool(fine)


if __name__ == "__main__":
    missed = [part.__name__ for part in (cells, plane_radii, program_radii, constants) if not part()]
    print(f"missed: {', '.join(missed)}" if missed else "all that was asked of them")
    sys.exit(bool(missed))
