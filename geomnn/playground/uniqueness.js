// Whether the network is the only optimum: true, false, or null where that is undecided.
//
// v is unique, and all optima are made of the active atoms, those with |v·φ_u| = reg. Over the dictionary there is one
// exactly if no change of it keeps the outputs, Σ d_u o_u φ_u + e 1 = 0 with d_u ≥ 0 on the active atoms that are not in
// use; that is, if some w is orthogonal to those in use and to 1, with w·(o_u φ_u) > 0 on the others. Two neurons of the
// network may also merge into one that is no atom, and one that is active on all samples may trade b for t: undecided.
//
// Geomnn theory, section 10; A. Mishkin, M. Pilanci, arXiv 2306.00119.

const TOLERANCES = [1e-9, 1e-6]; // of correlations, relative to reg: what both say is taken to be so
const APART = 1e-6; // of unit columns, how far from w's boundary they have to be
const SPANNED = 1e-9; // of a unit column, up to which it is in a span

function isUnique(solution) {
  const answers = new Set(TOLERANCES.map((tolerance) => isPoint(solution, activeAtoms(solution, tolerance))));
  const one = answers.size === 1 ? [...answers][0] : null;
  return one && mayMerge(solution) ? null : one;
}

/** The atoms at ± reg that are not in the network. */
const activeAtoms = ({ atoms, correlations, neurons, reg }, tolerance) =>
  [...atoms.keys()].filter((k) => Math.abs(correlations[k]) >= (1 - tolerance) * reg && neurons.every(({ at }) => at !== k));

function isPoint({ atoms, correlations, neurons, bias, y }, others) {
  if (!others.length) return true;
  const unit = (a) => { const size = Math.sqrt(dot(a, a)); return a.map((value) => value / size); };
  const used = neurons.map(({ atom }) => unit(atom.feature));
  if (bias) used.push(unit(y.map(() => 1)));
  const rest = others.map((k) => split(used, unit(atoms[k].feature)).p.map((value) => -Math.sign(correlations[k]) * value));
  if (rest.some((p) => dot(p, p) <= SPANNED ** 2)) return false;
  const towards = project(y.map(() => 0), used, rest.map(unit), -1); // the shortest w with w·(o_u φ_u) ≥ 1
  if (towards === null) return false;
  return Math.sqrt(dot(towards.v, towards.v)) < 1 / APART ? true : null;
}

/** Whether one is active on all samples where there is a bias, or no sample lies between two of one sign. */
function mayMerge({ neurons, bias }) {
  if (bias && neurons.some(({ atom }) => atom.sides.every((side) => side >= 0))) return true;
  const between = (a, b) => a.atom.sides.some((side, i) => side * b.atom.sides[i] < 0);
  return neurons.some((a, k) => neurons.slice(0, k).some((b) => a.z * b.z > 0 && !between(a, b)));
}
