// The pictures: the network over its samples, the correlations of all atoms, and the dual set.

const MARGIN = { left: 38, right: 10, top: 10, bottom: 26 };
const BANDS = 10; // of shading, between the middle and either end of the targets
const BLUE = [0, 114, 178], ORANGE = [230, 130, 0], EDGE = [128, 128, 128, 0.8]; // red, green, blue, and how much of it

/** An SVG element. */
function mark(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const segment = ([x1, y1], [x2, y2], kind) => mark("line", { x1, y1, x2, y2, class: kind });
const cross = ([x, y]) => [segment([x - 6, y], [x + 6, y], "origin"), segment([x, y - 6], [x, y + 6], "origin")];
const words = ([x, y], text, kind = "", anchor = "middle") => mark("text", { x, y, class: kind, "text-anchor": anchor }, text);
const badge = ([cx, cy], number, z) =>
  mark("g", { class: `badge ${z > 0 ? "plus" : "minus"}` }, mark("circle", { cx, cy, r: 9 }), words([cx, cy + 4], number));

const short = (value) => {
  const number = +value.toPrecision(4);
  return (number !== 0 && Math.abs(number) < 1e-4 ? number.toExponential() : String(number)).replaceAll("-", "−");
};
/** The largest of 1, 2, 5 times a power of ten that is not above a size. */
function nice(size) {
  const power = 10 ** Math.floor(Math.log10(size)), part = size / power;
  return power * (part >= 5 ? 5 : part >= 2 ? 2 : 1);
}
const rounded = (value, step) => +(Math.round(value / step) * step).toPrecision(12);
/** −1 to 1 at the ends of the targets, whose middle is 0. */
const shade = (value, [low, high]) => Math.max(-1.2, Math.min(1.2, (2 * value - low - high) / (high - low)));
const tint = (s) => [...(s < 0 ? BLUE : ORANGE), 0.7 * Math.abs(s)];

/** Where a box of values lies in a picture of a size in pixels. */
function frame(width, height, box) {
  const ends = [[MARGIN.left, width - MARGIN.right], [height - MARGIN.bottom, MARGIN.top]];
  const place = (value, l) => ends[l][0] + ((value - box[l][0]) / (box[l][1] - box[l][0])) * (ends[l][1] - ends[l][0]);
  const value = (pixel, l) => box[l][0] + ((pixel - ends[l][0]) / (ends[l][1] - ends[l][0])) * (box[l][1] - box[l][0]);
  return { width, height, box, ends, at: (point) => point.map(place), from: (pixels) => pixels.map(value) };
}

/** Ticks of an axis with labels that are short: what all of them have in common goes to the name of the axis. */
function ticks([low, high]) {
  const step = nice((high - low) / 4), most = Math.max(Math.abs(low), Math.abs(high));
  const base = most > 2000 * step ? rounded((low + high) / 2, 10 * step) : 0;
  const size = Math.floor(Math.log10(base ? high - low : most)), power = size < -2 || size > 3 ? size : 0;
  const label = (value) => short(rounded((value - base) / 10 ** power, step / 10 ** power));
  const raised = [...String(power)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  return { step, label, common: `${base ? ` ${base > 0 ? "−" : "+"} ${Math.abs(base)}` : ""}${power ? ` (×10${raised})` : ""}` };
}

function axes({ box, ends, at }, names) {
  const drawn = [mark("rect", { x: ends[0][0], y: ends[1][1], width: ends[0][1] - ends[0][0], height: ends[1][0] - ends[1][1], class: "edge" })];
  for (const l of [0, 1]) {
    const [low, high] = box[l], { step, label, common } = ticks(box[l]);
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
      const text = label(value), [x, y] = at([value, value]);
      drawn.push(l ? words([ends[0][0] - 5, y + 4], text, "tick", "end") : words([x, ends[1][0] + 15], text, "tick"));
    }
    const place = l ? [ends[0][0] + 5, ends[1][1] + 15] : [ends[0][1] - 5, ends[1][0] - 6];
    drawn.push(words(place, names[l] + common, "axis", l ? "start" : "end"));
  }
  return drawn;
}

/** The ends of the line w·x + b = 0 in a box; null if it is outside. */
function zeroLine(w, b, box) {
  let [first, last] = [-Infinity, Infinity];
  const size = dot(w, w), start = w.map((value) => (-b * value) / size), along = [w[1], -w[0]];
  for (const l of [0, 1]) {
    if (Math.abs(along[l]) < 1e-12 * Math.sqrt(size)) {
      if (start[l] < box[l][0] || start[l] > box[l][1]) return null;
      continue;
    }
    const [low, high] = box[l].map((value) => (value - start[l]) / along[l]).sort((a, c) => a - c);
    [first, last] = [Math.max(first, low), Math.min(last, high)];
  }
  return first < last ? [first, last].map((t) => start.map((value, l) => value + t * along[l])) : null;
}

/** The height of f as bands of colour, with a line between two of them: on a canvas under the picture. */
function drawHeights(canvas, solution, { box, ends }, range) {
  const side = canvas.width, picture = canvas.getContext("2d").createImageData(side, side), bands = new Int32Array(side * side);
  const step = box.map(([low, high]) => (high - low) / side), colours = new Map();
  const terms = solution.neurons.map(({ atom: { weight, bias }, z }) => [z, ...weight, bias]);
  for (let j = 0, p = 0; j < side; j++)
    for (let i = 0; i < side; i++, p++) {
      const x1 = box[0][0] + (i + 0.5) * step[0], x2 = box[1][1] - (j + 0.5) * step[1];
      let f = solution.t;
      for (const [z, w1, w2, b] of terms) f += z * Math.max(w1 * x1 + w2 * x2 + b, 0);
      const band = (bands[p] = Math.round(BANDS * shade(f, range) + 1e-9));
      const edge = (i && bands[p - 1] !== band) || (j && bands[p - side] !== band);
      if (!colours.has(band)) colours.set(band, tint(band / BANDS));
      const [red, green, blue, alpha] = edge ? EDGE : colours.get(band);
      picture.data[4 * p] = red;
      picture.data[4 * p + 1] = green;
      picture.data[4 * p + 2] = blue;
      picture.data[4 * p + 3] = 255 * alpha;
    }
  canvas.getContext("2d").putImageData(picture, 0, 0);
  Object.assign(canvas.style, {
    left: `${ends[0][0]}px`, top: `${ends[1][1]}px`, width: `${ends[0][1] - ends[0][0]}px`, height: `${ends[1][0] - ends[1][1]}px`,
  });
}

/** The line on which a neuron bends, with ticks on its active side, and a place on it that is far from others. */
function hinge(atom, at, box, kind) {
  const d = atom.weight.length, w = d === 1 ? [atom.weight[0], 0] : atom.weight;
  const found = zeroLine(w, atom.bias, box);
  if (!found) return null;
  const ends = found.map(at), length = Math.hypot(...minus(ends[1], ends[0]));
  const off = [(3 * (ends[1][1] - ends[0][1])) / length, (-3 * (ends[1][0] - ends[0][0])) / length];
  const inside = minus(at(found[0].map((value, l) => value + w[l])), at(found[0]));
  const side = Math.sign(dot(off, inside)), shifted = ends.map((end) => end.map((value, l) => value + side * off[l]));
  const group = mark("g", { class: kind }, segment(...ends, "halo"), segment(...ends, "line"), segment(...shifted, "ticks"));
  const places = [...Array(41).keys()].map((k) => ends[0].map((value, l) => value + (0.05 + 0.0225 * k) * (ends[1][l] - value)));
  return { group, places, shift: off.map((value) => 4 * side * value) };
}

/** The lines of the neurons, and on the line f itself. */
function drawNetwork(layer, solution, view, shown) {
  const { d, X, y, neurons } = solution, { box, at } = view, drawn = [], badges = [], taken = X.map((x, i) => at(d === 1 ? [x[0], y[i]] : x));
  if (!solution.bias) drawn.push(...cross(at([0, 0])));
  if (shown) drawn.push(hinge(shown, at, box, "hinge shown")?.group ?? "");
  neurons.forEach(({ atom, z }, k) => {
    const found = hinge(atom, at, box, `hinge ${z > 0 ? "plus" : "minus"}`);
    if (!found) return;
    const away = (place) => Math.min(...taken.map((other) => Math.hypot(...minus(place, other))), 60);
    const free = d === 1 ? found.places.map((place) => place.map((value, l) => value + found.shift[l])) : found.places;
    const best = free.reduce((one, other) => (away(other) > away(one) + 1e-6 ? other : one));
    taken.push(best);
    drawn.push(found.group);
    badges.push(badge(best, k + 1, z));
    atom.samples.forEach((i) => { const [cx, cy] = at(d === 1 ? [X[i][0], y[i]] : X[i]); drawn.push(mark("circle", { cx, cy, r: 13, class: "ring" })); });
  });
  if (d === 1) {
    const knots = [...box[0], ...neurons.map(({ atom }) => -atom.bias / atom.weight[0])].filter((x) => x >= box[0][0] && x <= box[0][1]).sort((a, b) => a - b);
    const points = knots.map((x) => at([x, evaluate(solution, [x])]).join(","));
    X.forEach((x, i) => drawn.push(segment(at([x[0], y[i]]), at([x[0], evaluate(solution, x)]), "residual")));
    drawn.push(mark("polyline", { points: points.join(" "), class: "fit" }));
  }
  layer.replaceChildren(...drawn, ...badges);
}

/** One dot an atom, at its correlation with v; those of the network are at ± reg. Returns the atom at a place. */
function drawStrip(svg, { atoms, correlations, neurons, reg }, width, height, shown) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const left = 44, step = (width - left - 12) / Math.max(atoms.length, 1), middle = height / 2, unit = height / 2 - 22;
  const place = (k) => [left + (k + 0.5) * step, middle - Math.max(-1.2, Math.min(1.2, correlations[k] / reg)) * unit];
  const drawn = [mark("rect", { x: left, y: middle - unit, width: width - left - 6, height: 2 * unit, class: "band" })];
  for (const [s, text] of [[1, "+reg"], [0, "0"], [-1, "−reg"]]) {
    const y = middle - s * unit;
    drawn.push(segment([left, y], [width - 6, y], "level"), words([left - 5, y + 4], text, "tick", "end"));
  }
  atoms.forEach((atom, k) => {
    const [x, y] = place(k), used = neurons.findIndex(({ at }) => at === k);
    drawn.push(segment([x, middle], [x, y], "stem"));
    if (used >= 0) return;
    const tied = Math.abs(correlations[k]) >= (1 - TOLERANCES[0]) * reg;
    drawn.push(tied ? mark("rect", { x: x - 4, y: y - 4, width: 8, height: 8, class: "tied" }) : mark("circle", { cx: x, cy: y, r: 2.5, class: "dot" }));
  });
  neurons.forEach(({ at, z }, k) => drawn.push(badge(place(at), k + 1, z)));
  if (shown >= 0) {
    const [x] = place(shown), anchor = x < width / 3 ? "start" : x > (2 * width) / 3 ? "end" : "middle";
    drawn.push(segment([x, middle - unit], [x, middle + unit], "cursor"), words([x, height - 5], atoms[shown].name, "caption", anchor));
  }
  svg.replaceChildren(...drawn);
  return (x) => Math.max(0, Math.min(atoms.length - 1, Math.floor((x - left) / step)));
}

/** Two orthonormal directions of the residuals: all of them where there are two, else those through y and v, and where
 *  these lie on one line with 0 the axes `filled` of the first samples. */
function section({ y, v, bias }) {
  const n = y.length, mean = bias ? y.reduce((sum, value) => sum + value, 0) / n : 0;
  const target = y.map((value) => value - mean), free = n - bias, basis = [], filled = [];
  if (free === 2 && bias) {
    const turns = [90, 210, 330].map((degrees) => (degrees * Math.PI) / 180);
    return { target, filled, whole: true, basis: [Math.cos, Math.sin].map((f) => turns.map((turn) => Math.sqrt(2 / 3) * f(turn))) };
  }
  const units = y.map((_, k) => y.map((__, i) => (i === k) - (bias ? 1 / n : 0)));
  const least = 1e-9 * Math.sqrt(dot(y, y)); // up to which y less its mean is 0
  for (const vector of free === 2 ? units : [target, v, ...units]) {
    const { p } = split(basis, vector), length = Math.sqrt(dot(p, p)), size = Math.sqrt(dot(vector, vector)), axis = units.indexOf(vector);
    if (basis.length === 2 || length <= Math.max(1e-6 * size, axis < 0 ? least : 0)) continue;
    basis.push(p.map((value) => value / length));
    if (axis >= 0) filled.push(axis);
  }
  return { target, basis, filled, whole: free === 2 };
}

/** The dual set, or its section through 0, y and v, and v as the point of it that is nearest to y. */
function drawDual(svg, solution, side) {
  const { atoms, neurons, reg, v } = solution, n = v.length;
  const { target, basis, filled, whole } = section(solution), flat = (vector) => basis.map((e) => dot(e, vector));
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  if (basis.length < 2) {
    svg.replaceChildren(words([side / 2, side / 2], basis.length ? "an interval" : "v = 0", "caption"));
    return basis.length ? "With so few samples v can move along one line only, and the dual set is an interval of it." : "One sample and a bias: f passes through it, and nothing is left.";
  }
  const y = flat(target), point = flat(v), normals = atoms.map(({ feature }) => flat(feature));
  const far = Math.max(...y.map(Math.abs), ...point.map(Math.abs)) || reg / Math.max(...normals.flat().map(Math.abs), 1e-300);
  const cut = (size) => normals.flatMap((a) => [a, a.map((value) => -value)]).reduce((corners, a) => corners.flatMap((corner, k) => {
    const before = corners.at(k - 1), here = reg - dot(a, corner), there = reg - dot(a, before), found = [];
    if (here < 0 !== there < 0) found.push(before.map((value, l) => value + (there / (there - here)) * (corner[l] - value)));
    if (here >= 0) found.push(corner);
    return found;
  }), [[1, 1], [-1, 1], [-1, -1], [1, -1]].map((corner) => corner.map((value) => size * value)));
  const reach = 1.2 * Math.max(far, ...cut(1.8 * far).flat().map(Math.abs));
  const at = ([a, b]) => [side / 2 + (a / reach) * (side / 2 - 4), side / 2 - (b / reach) * (side / 2 - 4)];
  const drawn = [mark("polygon", { points: cut(1.1 * reach).map((corner) => at(corner).join(",")).join(" "), class: "set" })];
  const box = [[-reach, reach], [-reach, reach]], name = (place, text, dx, dy) => words([place[0] + dx, place[1] + dy], text, "caption strong");
  if (whole) basis[0].forEach((_, i) => {
    const axis = basis.map((e) => e[i]), size = Math.hypot(...axis), tip = axis.map((value) => (0.94 * reach * value) / size);
    drawn.push(segment(at(tip.map((value) => -value)), at(tip), "level"), words([at(tip)[0] + (i === 1 ? 12 : -12), at(tip)[1] + 12], `v${i}`, "tick"));
  });
  neurons.forEach(({ at: k, z }) => {
    const ends = zeroLine(normals[k], -reg * Math.sign(z), box);
    if (ends) drawn.push(segment(...ends.map(at), `line ${z > 0 ? "plus" : "minus"}`));
  });
  neurons.forEach(({ at: k, z }, j) => {
    const ends = zeroLine(normals[k], -reg * Math.sign(z), box);
    if (ends) drawn.push(badge(at(ends[0].map((value, l) => value + (0.06 + 0.07 * (j % 5)) * (ends[1][l] - value))), j + 1, z));
  });
  const [from, to, zero] = [at(point), at(y), at([0, 0])];
  drawn.push(...cross(zero), segment(from, to, "residual"), mark("circle", { cx: from[0], cy: from[1], r: 5, class: "point" }));
  drawn.push(mark("rect", { x: to[0] - 4, y: to[1] - 4, width: 8, height: 8, class: "target" }), name(from, "v", -10, 14), name(to, "y", 11, -6));
  svg.replaceChildren(...drawn);
  const axes = filled.map((i) => `x${i}`).join(" and "), still = filled.length === 2;
  const plane = !filled.length ? "through 0, y and v" : still ? `in which the values at ${axes} change, as y and v are 0` : `through y in which the value at ${axes} changes, as y and v lie on one line with 0`;
  const part = whole ? "" : ` It has ${n - solution.bias} dimensions; this is the plane ${plane}.`;
  return `Shaded: all v with |v·φ| ≤ reg, φ the activation of any atom.${part} The residual of the optimal network is the v of the set that is nearest to y${solution.bias ? " (less its mean)" : ""}; the dotted way from v to y is the fit. Lines: neurons of the network, where v·φ is ±reg.`;
}
