// The program over all atoms, solved by a dual active set method, with the bound that its residual proves.
//
//     minimise  ½ Σ (t + Σ_u z_u φ_u,i − y_i)² + reg Σ_u |z_u|                         (C)
//     minimise  ½ ‖v − y‖²  subject to  |v·φ_u| ≤ reg for every atom u, Σ v_i = 0      its dual, a projection
//
// Geomnn theory, sections 0 and 4; D. Goldfarb, A. Idnani, Mathematical Programming 27, 1983.

const DEPENDENT = 1e-11; // relative to ‖a‖, what is left of a beside a span, up to which it is in it
const VIOLATED = 1e-13; // relative to ‖a‖‖v‖ + level, by how much a·v may be above its level: rounding
const STEPS = 2000;

/** a = A r + p with p orthogonal to the columns of A, which are independent: {r, p}, by Gram and Schmidt, twice. */
function split(columns, a) {
  const Q = [], R = [];
  const against = (vector) => {
    const parts = Q.map(() => 0);
    let rest = vector;
    for (let pass = 0; pass < 2; pass++)
      Q.forEach((q, k) => {
        const part = dot(q, rest);
        parts[k] += part;
        rest = rest.map((value, i) => value - part * q[i]);
      });
    return { parts, rest };
  };
  columns.forEach((column) => {
    const { parts, rest } = against(column), length = Math.sqrt(dot(rest, rest));
    Q.push(rest.map((value) => value / length));
    R.push([...parts, length]);
  });
  const { parts, rest } = against(a), r = parts.slice();
  for (let k = r.length - 1; k >= 0; k--) {
    r[k] /= R[k][k];
    for (let j = 0; j < k; j++) r[j] -= R[k][j] * r[k];
  }
  return { r, p: rest };
}

/**
 * The projection of y on {v : e·v = 0 for all e of `equal`, a·v ≤ level for all a of `columns`}.
 *
 * y − v = Σ t_e e + Σ z_a a with z ≥ 0. While some a·v is above its level, the multiplier of the one that is farthest
 * above grows: v ← v − τ p, z ← z − τ r with a = A r + p, until a·v = level and a joins A, or some z is 0 and leaves A.
 * `equal` is independent. Returns {v, active, z}, or null if no v is in the set.
 */
function project(y, equal, columns, level) {
  const fixed = equal.length, sizes = columns.map((a) => Math.sqrt(dot(a, a)));
  let A = equal.slice(), active = [], start = split(A, y), v = start.p, z = start.r;
  const above = (k) => dot(columns[k], v) - level;
  for (let step = 0; step < STEPS; step++) {
    const slack = VIOLATED * (Math.sqrt(dot(v, v)) + Math.sqrt(dot(y, y)));
    let worst = -1, most = 0;
    columns.forEach((_, k) => {
      const over = sizes[k] ? (above(k) - VIOLATED * Math.abs(level)) / sizes[k] - slack : 0;
      if (over > most && !active.includes(k)) [worst, most] = [k, over];
    });
    if (worst < 0) break;
    for (let grown = 0; ; ) {
      const a = columns[worst], { r, p } = split(A, a), square = dot(p, p);
      const inside = square <= (DEPENDENT * sizes[worst]) ** 2, full = inside ? Infinity : above(worst) / square;
      let first = -1, part = Infinity;
      for (let k = fixed; k < A.length; k++)
        if (r[k] > DEPENDENT && z[k] / r[k] < part) [first, part] = [k, z[k] / r[k]];
      const tau = Math.max(Math.min(full, part), 0);
      if (tau === Infinity) return null; // a = A r with r ≤ 0: a·v is at least its value here
      if (!inside) v = v.map((value, i) => value - tau * p[i]);
      z = z.map((value, k) => value - tau * r[k]);
      grown += tau;
      if (full <= part) {
        A.push(a); active.push(worst); z.push(grown);
        break;
      }
      A.splice(first, 1); active.splice(first - fixed, 1); z.splice(first, 1);
    }
  }
  return finish(y, A, active, z, fixed, level);
}

/** v and z anew from what is active, so that the rounding of the steps is gone: A'v = level, y − v = A z. */
function finish(y, A, active, z, fixed, level) {
  const lower = A.map((a, k) => split(A.filter((_, j) => j !== k), a).p); // dual basis, but for its lengths
  let v = split(A, y).p;
  lower.forEach((p, k) => { if (k >= fixed) v = v.map((value, i) => value + (level / dot(p, p)) * p[i]); });
  const exact = split(A, minus(y, v)).r;
  return { v, active, z: exact.slice(fixed).map((value) => Math.max(value, 0)), free: exact.slice(0, fixed) };
}

/** The optimum over all atoms: network, residual, correlations, objective and bound. */
function solve(problem) {
  const { y, reg, bias } = problem, atoms = allAtoms(problem), ones = y.map(() => 1);
  const columns = atoms.flatMap(({ feature }) => [feature, feature.map((value) => -value)]);
  const mean = bias ? dot(y, ones) / y.length : 0, centred = y.map((value) => value - mean);
  const { active, z } = project(centred, bias ? [ones] : [], columns, reg);
  const cost = z.reduce((sum, value) => sum + value, 0);
  const neurons = active
    .map((k, j) => ({ atom: atoms[k >> 1], at: k >> 1, z: k % 2 ? -z[j] : z[j] }))
    .filter((neuron) => Math.abs(neuron.z) > 1e-12 * cost)
    .sort((one, other) => one.at - other.at);
  const fitted = centred.map((_, i) => neurons.reduce((sum, { atom, z: c }) => sum + c * atom.feature[i], 0));
  const rest = minus(centred, fitted), shift = bias ? dot(rest, ones) / y.length : 0;
  const v = rest.map((value) => value - shift); // v = y − f(X)
  const correlations = atoms.map(({ feature }) => dot(feature, v));
  const largest = Math.max(...correlations.map(Math.abs), 0);
  const primal = dot(v, v) / 2 + reg * cost;
  const scale = largest > reg ? reg / largest : 1; // s v is in the dual set, so that D(s v) is a bound
  const bound = scale * dot(v, centred) - (scale * scale * dot(v, v)) / 2;
  return {
    ...problem, atoms, neurons, v, correlations, primal, bound,
    gap: primal > 0 ? Math.max(primal - bound, 0) / primal : 0,
    t: mean + shift,
    regMax: Math.max(...atoms.map(({ feature }) => Math.abs(dot(feature, centred))), 0),
  };
}

/** f(x) = t + Σ_u z_u (w·x + b)_+. */
const evaluate = ({ t, neurons }, x) =>
  neurons.reduce((sum, { atom, z }) => sum + z * Math.max(dot(atom.weight, x) + atom.bias, 0), t);
