// A new sample: its prediction, and which neurons are active.
"use strict";
const study = JSON.parse(document.getElementById("study").textContent);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SHOWN = 12; // neurons in the table of those that are active
const ON = 1e-12; // relative to its terms, up to which the argument of a neuron is zero

const element = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text }, properties);
const minus = (text) => String(text).replaceAll("-", "−");
const digits = (value, count) => minus(Number((value + 0).toPrecision(count)));

// f of columns as they are in the file, and what each neuron adds to it
function evaluated(x) {
  const { mean, deviation, weights, biases, coefficients, intercept } = study.network;
  const inputs = mean ? x.map((value, k) => (value - mean[k]) / deviation[k]) : x;
  const neurons = weights.map((w, j) => {
    const terms = w.map((weight, k) => weight * inputs[k]).concat(biases[j]);
    const height = Math.max(0, terms.reduce((a, b) => a + b, 0));
    const active = height > ON * terms.reduce((a, b) => a + Math.abs(b), 0);
    return { height, active, adds: coefficients[j].map((z) => z * height) };
  });
  return { f: intercept.map((t, o) => neurons.reduce((sum, { adds }) => sum + adds[o], t)), neurons };
}

// the classes and their probabilities, where the loss gives any
function classified(f) {
  const { classes, loss } = study.network;
  const scores = f.length > 1 ? f : loss === "logistic" ? [0, f[0]] : null;
  const chosen = f.length > 1 ? f.indexOf(Math.max(...f)) : Number(f[0] > 0);
  if (!scores) return { chosen: classes[chosen] };
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = powers.reduce((a, b) => a + b, 0);
  return { chosen: classes[chosen], shares: powers.map((power) => power / total) };
}

function answer(f, target) {
  if (!study.network.classes) return [`${target} = ${digits(f[0], 12)}`];
  const { chosen, shares } = classified(f);
  if (!shares) return [`${target} = ${chosen}`, `f = ${digits(f[0], 12)}`];
  return [`${target} = ${chosen}`, ...shares.map((share, k) => `probability of ${study.network.classes[k]}: ${digits(share, 12)}`)];
}

function activity(neurons) {
  const { words, intercept } = study.network;
  const size = (j) => Math.max(...neurons[j].adds.map(Math.abs));
  const active = neurons.flatMap(({ active }, j) => (active ? [j] : [])).sort((i, j) => size(j) - size(i));
  const count = `${active.length} of the ${neurons.length} neurons ${active.length === 1 ? "is" : "are"} active`;
  const hidden = active.length > SHOWN ? `; the ${SHOWN} that matter most here` : "";
  const rows = active.slice(0, SHOWN).map((j) => [j, words[j], digits(neurons[j].height, 6), neurons[j].adds]);
  return [`${count}${hidden}:`, [...rows, ["", "intercept", "", intercept]]];
}

function showPrediction(form) {
  const fields = [...form.querySelectorAll("input")], output = document.getElementById("prediction");
  const texts = fields.map((field) => field.value.trim().replace("−", "-"));
  const wrong = fields.filter((field, k) => {
    const bad = !NUMBER.test(texts[k]) || !Number.isFinite(Number(texts[k]));
    field.setAttribute("aria-invalid", bad);
    return bad;
  });
  output.replaceChildren();
  document.getElementById("active").hidden = wrong.length > 0;
  if (wrong.length) {
    const names = wrong.slice(0, 3).map((field) => field.name).join(", ");
    output.append(element("p", `A number such as 1.5 is needed for ${names}.`, { className: "doubt" }));
    return;
  }
  const { f, neurons } = evaluated(texts.map(Number));
  answer(f, study.network.target).forEach((line, k) => output.append(element("p", line, { className: k ? "" : "answer" })));
  const [count, rows] = activity(neurons);
  document.getElementById("count").textContent = count;
  document.querySelector("#active tbody").replaceChildren(...rows.map(([j, words, height, adds]) => {
    const row = element("tr", "");
    row.append(element("th", j, { scope: "row" }), element("td", words, { className: "words" }), element("td", height, { className: "n" }),
      ...adds.map((each) => element("td", digits(each, 6), { className: "n" })));
    return row;
  }));
}

// the columns of a row of the table as the new sample
function fill(values) {
  const fields = [...document.querySelectorAll("#sample input")];
  fields.forEach((field, k) => { field.value = values[k]; });
  fields[0]?.form.requestSubmit();
}

const form = document.getElementById("sample");
if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); showPrediction(form); });
  form.addEventListener("input", () => showPrediction(form));
  showPrediction(form);
}
