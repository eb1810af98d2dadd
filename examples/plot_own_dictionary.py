"""
The spiral, and a dictionary of your own: neighbours only
=========================================================

This page shows how few of all wedges a network needs, and how to choose them yourself.  Two arms of 80 samples each
have 25,440 wedges of two samples.  Are those of neighbours enough?  A dictionary that holds the wedges of each sample
with its k nearest neighbours answers that: `geomnn` solves over it as over any other, names the neurons and certifies
the result for these wedges.
"""

from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

import geomnn as gm
from geomnn.atoms import Atom
from geomnn.dictionaries import Dictionary, Pricing
from geomnn.dictionaries.canonical import name_atom, units_through
from geomnn.plotting import frame, plot_network
from geomnn.samples import Samples
from geomnn.validation import check_integer

# %%
# Two methods are required: ``price``, which compares all atoms with a residual, and ``name``.  A third one, ``units``,
# lists the atoms, so that ``price`` can be checked against them.


class NeighbourDictionary(Dictionary):
    """Wedges of a sample and some of its k nearest neighbours, both orientations."""

    scope = "dictionary"  # its maximum covers these atoms and no others
    program = "sampled"  # it holds some of the wedges, and the certificate says so

    def __init__(self, samples: Samples, norm: float, neighbours: int):
        super().__init__(samples, norm)
        size, points = samples.D - 1, samples.X[samples.distinct]
        k = check_integer("neighbours", neighbours, size - 1, len(points) - 1)
        # the sample itself comes first
        near = cKDTree(points).query(points, k + 1)[1].reshape(len(points), -1)
        chosen = set()
        for i, *others in near.tolist():
            chosen |= {tuple(sorted((i, *js))) for js in combinations(others, size - 1)}
        self.rows = samples.distinct[sorted(chosen)]
        directions = np.zeros((len(self.rows), 0, samples.d))  # none
        units = units_through(samples, self.rows, directions, self.norm)
        units = units[units.any(axis=1)]  # dependent samples span no hyperplane
        self._units = np.concatenate([units, -units])
        self.count = len(self._units)

    def units(self):
        yield self._units

    def price(self, residual: np.ndarray, threshold: float, limit: int) -> Pricing:
        activations = self.samples.activations(self._units)
        values = np.linalg.norm(activations.T @ residual, axis=1)
        order = np.argsort(-values, kind="stable")[:limit]
        order = order[values[order] > threshold]
        return Pricing(float(values.max(initial=0.0)), self._units[order])

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, self.norm)


# %%
# Its laws are checked before it is used: units are units, the first one has the maximum, a name gives its weight back.
# Then the spiral is solved over wedges of neighbours for several k.
X, y = gm.datasets.spiral()
samples = Samples(X, bias=True)
problem = {"reg": 5e-4, "norm": 2}

dictionaries, solutions = {}, {}
for k in (1, 2, 3, 4, 6, 8, 16, 32, 64, 159):
    dictionaries[k] = NeighbourDictionary(samples, 2, k)
    gm.testing.check_dictionary(dictionaries[k])
    solutions[k] = gm.derive(X, y, **problem, dictionary=dictionaries[k])

# %%
# With all 159 neighbours these are the wedges of all pairs, and the program is the paper's: the values agree.  The
# program of all atoms has a certificate over all networks; its lower bound says what each of the others loses.
paper = gm.derive(X, y, **problem, dictionary="wedge")
exact = gm.derive(X, y, **problem, dictionary="all")
assert abs(solutions[159].objective - paper.objective) < 1e-9 * paper.objective

rows = [(f"k = {k}", solution) for k, solution in solutions.items()]
for name, solution in [*rows, ("all pairs", paper), ("exact", exact)]:
    above = solution.objective / exact.certificate.dual - 1
    scope, atoms = solution.certificate.coverage.scope, solution.certificate.count
    print(f"{name:9} {atoms:7,} atoms: {solution.objective:9.6f}, {above:9.2%} above the bound ({scope})")

# %%
# The network of all pairs: the regions of the two classes, and the line of every neuron through the two samples that
# span it.
plot_network(paper.network, X, y)

# %%
# Why no other pair helps: the correlation Σ v_i (x̃_i·u)₊ of a wedge u with the residual v is at most ``reg`` in size,
# and just that for the neurons of the network.  Below are all of them, sorted.  The residual is unique, and so are the
# wedges that come to ``reg``.  There are more of them than a network needs, so several networks are optimal.
correlations = samples.activations(next(dictionaries[159].units())).T @ paper.dual
sizes = np.sort(np.abs(correlations))[::-1] / problem["reg"]
reached = int(np.sum(sizes > 1 - 1e-6))
print(f"{reached} of {len(sizes):,} wedges come to reg; the only optimal network: {paper.unique}")
figure = frame.Picture(figsize=(6.8, 3.6), layout="constrained")
axes = figure.add_subplot()
axes.plot(np.arange(1, len(sizes) + 1), sizes, color=frame.BLUE, lw=2, label="|correlation| of a wedge")
axes.axhline(1, color="black", ls="--", lw=1, label="reg")
axes.axvline(reached, color="black", ls=":", lw=1, label=f"{reached} wedges come to it")
axes.set(xscale="log", xlabel="wedge, by rank", ylabel="|correlation| / reg", ylim=(0, 1.08))
axes.legend(frameon=False, loc="lower left")
figure

# %%
# How much neighbours lose, as a picture.
ks, bound = np.array(list(solutions)), exact.certificate.dual
excess = np.array([solution.objective for solution in solutions.values()]) / bound - 1
figure = frame.Picture(figsize=(6.4, 4.2), layout="constrained")
axes = figure.add_subplot()
axes.loglog(ks, excess, "o-", color=frame.BLUE, label="wedges of k nearest neighbours")
axes.axhline(paper.objective / bound - 1, color=frame.VERMILION, ls="--", label="wedges of all pairs")
for k, height in zip(ks, excess, strict=True):
    if k in (1, 4, 8, 32, 159):
        name = f"{dictionaries[k].count:,} atoms"
        axes.annotate(name, (k, height), (6, 5), textcoords="offset points", fontsize=9)
axes.set(
    xlabel="neighbours k",
    ylabel="objective above the global bound, relative",
    xlim=(0.85, 600),
    ylim=(5e-5, 200),
)
axes.set_xticks([1, 2, 4, 8, 16, 32, 64, 159], ["1", "2", "4", "8", "16", "32", "64", "159"])
axes.minorticks_off()
axes.legend(frameon=False)
figure

# %%
# Which pairs there are, and which of them the neurons of an optimal network take: with two neighbours most pairs are
# along an arm, with eight more than half join a sample to the arm next to its own.
figure = frame.Picture(figsize=(6.4, 12), layout="constrained")
across = np.linspace(-1.1, 1.1, 400)
points = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
for k, axes in zip((2, 8), figure.subplots(2, 1), strict=True):
    network, pairs = solutions[k].network, dictionaries[k].rows
    heights = network(points).reshape(400, 400)
    axes.contourf(across, across, heights, levels=[-1e3, 0, 1e3], colors=[frame.LIGHT, frame.DARK])
    used = [list(neuron.atom.samples) for neuron in network.neurons]
    axes.plot(*X[pairs].T, color="0.55", lw=0.6, ls=":")
    axes.plot(*X[used].T, color="black", lw=1.6)
    for sign, marker, colour in ((-1, "^", frame.VERMILION), (1, "o", frame.BLUE)):
        axes.plot(
            *X[y == sign].T,
            marker,
            color=colour,
            mec="white",
            ms=6,
            label=f"samples of class {sign:+d}".replace("-", "−"),
        )
    axes.plot([], [], color="black", lw=1.6, label="pair of a neuron")
    axes.plot([], [], color="0.55", lw=0.6, ls=":", label="pair in the dictionary")
    print(f"k = {k}: {np.mean([y[i] != y[j] for i, j in pairs]):.0%} of the pairs join two arms")
    axes.set(
        title=f"{k} neighbours: objective {solutions[k].objective:.3f}",
        xlabel="feature 1",
        ylabel="feature 2",
    )
    axes.set_aspect("equal")
figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
figure
