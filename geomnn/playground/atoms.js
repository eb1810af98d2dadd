// All atoms of samples on the line or in the plane, p = 1 or ∞, under their canonical names.
//
//     u = (w, b),  w = ± ⋆(wedge)/‖·‖_p,  b = −w·x_a        geomnn theory, section 1, (1)
//
// The wedge is one of D − 1 of the samples x̃_i and the directions of the norm, e_l or e_l ± e_m; D = d + 1 with a
// bias, d without. Many wedges can stand for one atom; its name has the first samples and directions that span it.

const ON_LINE = 1e-10; // relative to the terms of w·x + b, up to which a sample lies on the line of an atom

const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const minus = (a, b) => a.map((value, k) => value - b[k]);
const lengths = {
  1: (w) => w.reduce((sum, value) => sum + Math.abs(value), 0),
  inf: (w) => Math.max(...w.map(Math.abs)),
};

/** The directions of the norm in d features: vectors, names and their places in the order of names. */
function directions(d, norm) {
  if (norm === "1") return [...Array(d).keys()].map((l) => ({ vector: [0, 0].map((_, k) => +(k === l)), name: `e${l + 1}`, place: l }));
  return d === 1 ? [] : [{ vector: [1, 1], name: "(e1 + e2)", place: 1 }, { vector: [1, -1], name: "(e1 − e2)", place: 0 }];
}

/** ⋆ of the vectors that are wedged: ⋆1 = 1 on the line, ⋆(a, c) = (c, −a) in the plane, so that x·⋆u = x ∧ u. */
const star = (d, [vector]) => (d === 1 ? [1] : [vector[1], -vector[0]]);

/** Rows that can span something: the first of equal ones, and without a bias none that is 0. */
function distinct(X, bias) {
  const first = (x, i) => X.findIndex((other) => minus(other, x).every((value) => value === 0)) === i;
  return [...X.keys()].filter((i) => first(X[i], i) && (bias || X[i].some((value) => value !== 0)));
}

/** Every atom once: {weight, bias, samples, directions, orientation, feature, name}. */
function allAtoms({ X, d, norm, bias }) {
  const rows = distinct(X, bias), ideal = directions(d, norm), found = new Map();
  const extent = [...Array(d).keys()].map((l) => Math.max(...X.map((x) => Math.abs(x[l] - (bias ? X[0][l] : 0)))));
  const add = (vectors, anchor) => {
    const wedge = star(d, vectors), length = lengths[norm](wedge);
    if (length === 0) return;
    const w = wedge.map((value) => value / length);
    const size = dot(w.map(Math.abs), extent);
    const height = X.map((x) => {
      const value = dot(w, bias ? minus(x, X[anchor]) : x);
      const own = bias ? size : dot(w.map(Math.abs), x.map(Math.abs));
      return Math.abs(value) <= ON_LINE * own ? 0 : value;
    });
    const atom = named(w, rows.filter((i) => height[i] === 0));
    for (const orientation of [1, -1]) {
      const key = `${atom.key} ${orientation}`;
      if (!found.has(key)) found.set(key, oriented(atom, orientation, w, height));
    }
  };
  const named = (w, on) => { // the greedy basis of what w·x + b = 0 goes through: samples, then directions
    const free = ideal.findIndex(({ vector }) => Math.abs(dot(w, vector)) <= ON_LINE);
    const samples = d === 1 ? on.slice(0, +bias) : on.slice(0, 1 + bias);
    const along = d === 2 && samples.length < 1 + bias ? [free] : [];
    const anchor = bias ? samples[samples.length - 1] : undefined;
    const vectors = [
      ...samples.filter((i) => i !== anchor).map((i) => (bias ? minus(X[i], X[anchor]) : X[i])),
      ...along.map((k) => ideal[k].vector),
    ];
    const factors = [
      ...samples.filter((i) => i !== anchor).map((i) => (bias ? `(x${i} − x${anchor})` : `x${i}`)),
      ...along.map((k) => ideal[k].name),
    ];
    return { samples, along, anchor, wedge: star(d, vectors), factor: factors[0] ?? "1", key: `${samples}|${along}` };
  };
  const oriented = ({ samples, along, anchor, wedge, factor }, orientation, w, height) => {
    const side = orientation * Math.sign(dot(w, wedge)), weight = w.map((value) => side * value);
    return {
      weight, samples, directions: along, orientation,
      bias: bias ? -dot(weight, X[anchor]) : 0,
      feature: height.map((value) => Math.max(side * value, 0)), // φ_u = (x̃_i·u)_+
      sides: height.map((value) => Math.sign(side * value)),
      point: bias ? `(x − x${anchor})` : "x",
      name: `${orientation > 0 ? "+" : "−"}⋆${factor}${bias ? ` at x${anchor}` : ""}`,
    };
  };
  if (d === 1) bias ? rows.forEach((a) => add([], a)) : add([]);
  else if (bias) {
    rows.forEach((a) => ideal.forEach(({ vector }) => add([vector], a)));
    rows.forEach((i) => rows.filter((a) => a > i).forEach((a) => add([minus(X[i], X[a])], a)));
  } else [...rows.map((i) => X[i]), ...ideal.map(({ vector }) => vector)].forEach((vector) => add([vector]));
  const order = (atom) => [...atom.samples, -1, ...atom.directions.map((k) => ideal[k].place), 1 - atom.orientation];
  const before = (a, b) => { const k = a.findIndex((value, at) => value !== b[at]); return k < 0 ? 0 : a[k] - (b[k] ?? -1); };
  return [...found.values()].sort((a, b) => before(order(a), order(b)));
}
