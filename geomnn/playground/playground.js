// The state, its address, and what pointer and keys do to it.
//
// A state is written norm=1&bias=1&reg=0.15&samples=0,0,0;1,0,1: of each sample its features, then its target.

const MOST = 12; // samples
const EXAMPLES = {
  "In the plane": {
    "XOR with its middle": "norm=1&bias=1&reg=0.15&samples=0,0,0;1,0,1;0,1,1;1,1,0;0.5,0.5,0",
    "four samples of the tutorial": "norm=1&bias=1&reg=0.1&samples=0,1,0;3,0,1;1,4,2;4,3,1",
    "XOR, many optima": "norm=1&bias=1&reg=0.05&samples=0,0,0;1,0,1;0,1,1;1,1,0",
    "samples on one line": "norm=1&bias=1&reg=0.1&samples=0,0,0;1,0.5,2;2,1,1;3,1.5,2;4,2,0",
    "two samples, no bias": "norm=1&bias=0&reg=0.8&samples=2,1,2;1,2,1.2",
    "three samples": "norm=1&bias=1&reg=1&samples=0,0,0;2,1,2;1,3,-1",
    "eleven samples": "norm=1&bias=1&reg=0.2&samples=-2,-1,-1;-1,1.5,1;0,0,-1;0.5,2,1;1,-1.5,1;1.5,0.5,-1;2,2,-1;-1.5,-2,1;-2,2,-1;2.5,-1,1;0,-1,-1",
  },
  "On the line": {
    "energy of a house": "norm=1&bias=1&reg=3.6&samples=0,28;6,22;12,16;18,10;21,16;24,22",
    "five samples of the tutorial": "norm=1&bias=1&reg=0.2&samples=0,4;2,3;3,2;4,3;5,2",
    "equal samples, other targets": "norm=1&bias=1&reg=0.1&samples=0,0;1,2;1,1;2,0;3,1",
  },
};

function encode({ X, y, norm, bias, reg }) {
  return `norm=${norm}&bias=${+bias}&reg=${reg}&samples=${X.map((x, i) => [...x, y[i]].join(",")).join(";")}`;
}

/** The state that a text writes, or null. */
function decode(text) {
  const given = new URLSearchParams(text), reg = Number(given.get("reg") ?? "0.1"), norm = given.get("norm") ?? "1";
  const rows = (given.get("samples") ?? "").split(";").map((row) => row.split(",").map((value) => (value.trim() ? Number(value) : NaN)));
  const d = rows[0].length - 1, shaped = rows.every((row) => row.length === d + 1 && row.every((value) => Math.abs(value) < 1e100));
  if (!shaped || ![1, 2].includes(d) || rows.length > MOST || !(reg > 0 && reg < 1e100) || !lengths[norm]) return null;
  return { d, norm, reg, bias: given.get("bias") !== "0", X: rows.map((row) => row.slice(0, d)), y: rows.map((row) => row[d]) };
}

/** The part of the values that is drawn, what the targets' colours span, and how far a step goes: as the state is loaded. */
function look({ X, y, d, bias }) {
  const span = (values) => [Math.min(...values), Math.max(...values)];
  const wide = ([low, high], part) => { const more = part * (high - low) || Math.max(Math.abs(low) / 2, 1); return [low - more, high + more]; };
  const ends = span(y), range = ends[0] < ends[1] ? ends : wide(ends, 1), shown = span(bias ? y : [...y, 0]);
  let box = [...Array(d).keys()].map((l) => wide(span([...X.map((x) => x[l]), ...(bias ? [] : [0])]), 0.3));
  const size = box.map(([low, high]) => high - low), most = Math.max(...size);
  if (most < 4 * Math.min(...size)) box = box.map(([low, high]) => [(low + high - most) / 2, (low + high + most) / 2]);
  if (d === 1) box.push(wide(shown[0] === shown[1] ? range : shown, 0.25));
  return { box, range, targets: wide(range, 0.5), steps: box.map(([low, high]) => nice((high - low) / 100)), step: nice((range[1] - range[0]) / 20) };
}

function start(root) {
  const part = (name) => root.querySelector(`.${name}`), names = JSON.parse(root.dataset.names);
  const [board, canvas, lines, points, strip, dual] = ["board", "heights", "lines", "points", "strip", "dual"].map(part);
  let state, view, seen, solution, selected = 0, shown = -1, drag = null, waiting = 0, speaking = 0, atomAt = () => -1;

  function load(next) {
    [state, view, selected, shown] = [next, look(next), 0, -1];
    const most = solve(state).regMax || state.reg;
    const ends = [Math.min(1e-3 * most, state.reg), Math.max(3 * most, state.reg)].map(Math.log10);
    [part("reg").min, part("reg").max] = [Math.floor(20 * ends[0]) / 20, Math.ceil(20 * ends[1]) / 20];
    [part("target").min, part("target").max, part("target").step] = [...view.targets, view.step];
    canvas.hidden = state.d === 1;
    update();
  }
  const update = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; draw(); }); };

  function draw() {
    solution = solve(state);
    if (shown >= solution.atoms.length) shown = -1;
    const width = board.clientWidth, height = Math.round(state.d === 1 ? 0.72 * width : width);
    seen = frame(width, height, view.box);
    part("picture").setAttribute("viewBox", `0 0 ${width} ${height}`);
    part("axes").replaceChildren(...axes(seen, state.d === 1 ? [names[0] ?? "feature 1", names[2] ?? "target"] : [names[0] ?? "feature 1", names[1] ?? "feature 2"]));
    if (state.d === 2) drawHeights(canvas, solution, seen, view.range);
    drawNetwork(lines, solution, seen, solution.atoms[shown]);
    drawSamples();
    lines.style.clipPath = `inset(${MARGIN.top}px ${MARGIN.right}px ${MARGIN.bottom}px ${MARGIN.left}px) view-box`;
    const [across, around] = [strip, dual].map((element) => element.getBoundingClientRect());
    atomAt = drawStrip(strip, solution, across.width, across.height, shown);
    part("dual-words").textContent = drawDual(dual, solution, around.width);
    drawWords();
  }

  function drawSamples() {
    while (points.children.length > state.X.length) points.lastChild.remove();
    while (points.children.length < state.X.length)
      points.append(mark("g", { class: "sample", tabindex: 0, role: "button", "aria-roledescription": "sample that can be moved" },
        mark("circle", { r: 20, class: "reach" }), mark("circle", { r: 8, class: "ground" }), mark("circle", { r: 8, class: "fill" }), words([11, -9], "", "caption", "start")));
    state.X.forEach((x, i) => {
      const group = points.children[i], [red, green, blue, alpha] = tint(shade(state.y[i], view.range));
      group.setAttribute("transform", `translate(${seen.at(state.d === 1 ? [x[0], state.y[i]] : x)})`);
      group.setAttribute("aria-label", `sample x${i} at ${x.map(short).join(", ")}, target ${short(state.y[i])}`);
      group.classList.toggle("selected", i === selected);
      group.children[2].setAttribute("fill", `rgb(${red} ${green} ${blue} / ${alpha})`);
      group.children[3].textContent = `x${i}`;
      const below = state.X.slice(0, i).filter((other, j) => `${placeOf(j)}` === `${placeOf(i)}`).length; // equal samples
      group.children[3].setAttribute("y", 14 * below - 9);
    });
  }

  function drawWords() {
    const { neurons, t, primal, gap, regMax, reg, bias } = solution, unique = isUnique(solution);
    const put = (name, value, text) => { part(name).value = value; part(name).textContent = text; };
    put("objective", primal, short(primal));
    put("gap", gap, gap ? gap.toExponential(0).replace("-", "−") : "0");
    put("regmax", regMax, short(regMax));
    const merges = neurons.length > 0 && mayMerge(solution);
    put("unique", String(unique), unique ? "yes: no other network is as good" : unique === false ? "no: other networks are as good"
      : merges ? "undecided: it may have neurons that merge into others that are no atoms" : "undecided: rounding hides it");
    put("intercept", t, short(t));
    part("neurons").replaceChildren(...neurons.map(({ atom, z }) => {
      const item = document.createElement("li"), coefficient = document.createElement("data"), name = document.createElement("span");
      [coefficient.value, coefficient.textContent] = [z, `${z > 0 ? "+" : ""}${short(z)}`];
      [name.className, name.textContent] = ["name", atom.name.replace(/ at x\d+$/, "")];
      item.dataset.name = atom.name;
      item.append(coefficient, ` · (${atom.point}·u)₊,  u ∝ `, name, bias ? ` at x${atom.samples.at(-1)}` : "");
      return item;
    }));
    part("constant").hidden = neurons.length > 0;
    part("constant").textContent = reg >= regMax ? "No neuron: reg is at least reg_max." : "No neuron.";
    const position = Math.log10(reg);
    if (Math.abs(part("reg").valueAsNumber - position) > 0.011) part("reg").value = position;
    part("reg").setAttribute("aria-valuetext", short(reg));
    if (document.activeElement !== part("number")) part("number").value = reg;
    [part("norm").value, part("bias").checked] = [state.norm, state.bias];
    part("remove").textContent = `Remove x${selected}`;
    [part("which").textContent, part("target").value, part("height").textContent] = [`x${selected}`, state.y[selected], short(state.y[selected])];
    [part("add").disabled, part("remove").disabled] = [state.X.length === MOST, state.X.length === 1];
    [part("low").textContent, part("high").textContent] = view.range.map(short);
    const atom = solution.atoms[shown], of = atom && `${atom.name}, correlation ${short(solution.correlations[shown] / reg)} reg`;
    strip.setAttribute("aria-valuemax", Math.max(solution.atoms.length - 1, 0));
    strip.setAttribute("aria-valuenow", Math.max(shown, 0));
    strip.setAttribute("aria-valuetext", of ?? `${solution.atoms.length} atoms; arrows go from one to the next`);
    part("count").textContent = of ?? `${solution.atoms.length} atoms`;
    const hash = `#${encode(state)}`;
    part("link").href = root.dataset.address + hash;
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      const list = neurons.map(({ atom: { name }, z }) => `${short(z)} times ${name}`).join("; ");
      part("live").textContent = `${neurons.length} neurons${list && ": "}${list}. Objective ${short(primal)}, relative gap ${gap.toExponential(0)}. Unique: ${part("unique").textContent}.`;
      if (!root.dataset.address && location.hash !== hash && !drag) history.replaceState(null, "", hash);
    }, 400);
  }

  const within = (value, [low, high]) => Math.max(low, Math.min(high, value));
  function move(i, place) { // in the plane by features, on the line by feature and target
    const to = place.map((value, l) => rounded(within(value, view.box[l]), view.steps[l]));
    if (state.d === 1) [state.X[i], state.y[i]] = [[to[0]], to[1]];
    else state.X[i] = to;
    update();
  }
  const raise = (i, by) => { state.y[i] = within(rounded(state.y[i] + by, view.step), view.targets); update(); };
  const placeOf = (i) => (state.d === 1 ? [state.X[i][0], state.y[i]] : state.X[i]);
  function select(i) { selected = i; update(); }
  function add(place) {
    if (state.X.length === MOST) return;
    state.X.push([...state.X[selected]]);
    state.y.push(state.y[selected]);
    selected = state.X.length - 1;
    move(selected, place);
    draw();
    points.children[selected].focus();
  }
  const beside = (i) => placeOf(i).map((value, l) => { const by = 10 * view.steps[l]; return value + by > view.box[l][1] ? value - by : value + by; });
  function remove(i) {
    if (state.X.length === 1) return;
    state.X.splice(i, 1);
    state.y.splice(i, 1);
    selected = Math.min(i, state.X.length - 1);
    shown = -1;
    draw();
    points.children[selected].focus();
  }
  const pixels = (event) => { const box = board.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const indexOf = (event) => [...points.children].indexOf(event.target.closest(".sample"));

  // on the board, as Tab would stop at an element of SVG that listens to focusin
  board.addEventListener("focusin", (event) => select(indexOf(event)));
  points.addEventListener("pointerdown", (event) => {
    const i = indexOf(event), group = points.children[i];
    event.preventDefault();
    group.focus({ preventScroll: true });
    group.setPointerCapture(event.pointerId);
    drag = { i, off: minus(seen.at(placeOf(i)), pixels(event)) };
  });
  points.addEventListener("pointermove", (event) => {
    if (drag) move(drag.i, seen.from(pixels(event).map((value, l) => value + drag.off[l])));
  });
  for (const end of ["pointerup", "pointercancel"]) points.addEventListener(end, () => { drag = null; update(); });
  board.addEventListener("dblclick", (event) => { if (!event.target.closest(".sample")) add(seen.from(pixels(event))); });
  points.addEventListener("keydown", (event) => {
    const i = indexOf(event), far = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowDown: [0, -far], ArrowUp: [0, far] }[event.key];
    const actions = { "+": () => raise(i, view.step), "=": () => raise(i, view.step), "-": () => raise(i, -view.step), a: () => add(beside(i)), Insert: () => add(beside(i)), Delete: () => remove(i), Backspace: () => remove(i) };
    if (event.ctrlKey || event.metaKey || event.altKey || !(to || actions[event.key])) return;
    event.preventDefault();
    if (to) move(i, placeOf(i).map((value, l) => value + to[l] * view.steps[l]));
    else actions[event.key]();
  });
  const show = (k) => { if (k !== shown) { shown = k; update(); } };
  strip.addEventListener("pointermove", (event) => show(atomAt(event.clientX - strip.getBoundingClientRect().left)));
  strip.addEventListener("pointerdown", (event) => show(atomAt(event.clientX - strip.getBoundingClientRect().left)));
  strip.addEventListener("pointerleave", () => show(-1));
  strip.addEventListener("blur", () => show(-1));
  strip.addEventListener("keydown", (event) => {
    const last = solution.atoms.length - 1, to = { ArrowLeft: Math.max(shown - 1, 0), ArrowRight: Math.min(shown + 1, last), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  const set = (name, type, change) => part(name).addEventListener(type, ({ target }) => { change(target); update(); });
  set("norm", "change", ({ value }) => { [state.norm, shown] = [value, -1]; });
  set("bias", "change", ({ checked }) => { [state.bias, shown] = [checked, -1]; });
  set("reg", "input", ({ valueAsNumber }) => { state.reg = +(10 ** valueAsNumber).toPrecision(3); });
  set("number", "input", ({ valueAsNumber }) => { if (valueAsNumber > 0 && valueAsNumber < 1e100) state.reg = valueAsNumber; });
  set("target", "input", ({ valueAsNumber }) => { state.y[selected] = rounded(valueAsNumber, view.step); });
  part("add").addEventListener("click", () => add(beside(selected)));
  part("remove").addEventListener("click", () => remove(selected));
  part("example").addEventListener("change", ({ target }) => load(decode(target.value)));
  part("example").append(new Option("As loaded", root.dataset.state), ...Object.entries(EXAMPLES).map(([label, states]) => {
    const group = Object.assign(document.createElement("optgroup"), { label });
    group.append(...Object.entries(states).map(([name, text]) => new Option(name, text)));
    return group;
  }));
  const address = () => decode(location.hash.slice(1));
  addEventListener("hashchange", () => { const next = address(); if (next) load(next); });
  new ResizeObserver(update).observe(board);
  load(address() ?? decode(root.dataset.state));
}

document.querySelectorAll(".playground:not([data-running])").forEach((root) => { root.dataset.running = ""; start(root); });
