// The table of all samples: sorted by any column, a slice of the rows at a time.
const SLICE = 100;
const samples = document.getElementById("samples");
const sorting = { column: 0, descending: false, from: 0, order: [] };

const sortable = (value) => (typeof value === "number" ? [0, value, ""] : [1, 0, String(value)]); // numbers before text

function sort() {
  const { values } = study.columns[sorting.column], sign = sorting.descending ? -1 : 1;
  const keys = values.map(sortable);
  sorting.order = [...values.keys()].sort((i, j) => {
    const [a, b] = [keys[i], keys[j]];
    return sign * (a[0] - b[0] || a[1] - b[1] || a[2].localeCompare(b[2])) || i - j;
  });
}

function cell({ values, exact, verdict }, i, k) {
  const value = values[i], number = typeof value === "number";
  const data = element(k ? "td" : "th", "", { className: number ? "n" : "" });
  if (!k) data.scope = "row";
  const whole = exact?.[i] ?? "";
  if (whole.length > study.short) {
    const details = element("details", "");
    details.append(element("summary", `${minus(value)}…`), element("code", whole));
    data.append(details);
  } else if (!k && study.fills && typeof value === "number") {
    const button = element("button", `x${value}`, { type: "button", className: "link", title: "predict this row" });
    button.addEventListener("click", () => { fill(features(i)); document.getElementById("sample").scrollIntoView(); });
    data.append(button);
  } else {
    data.textContent = whole || (number ? (k ? minus(value) : `x${value}`) : value);
  }
  if (verdict && value === "no") data.classList.add("wrong");
  return data;
}

const features = (i) => study.fills.map((k) => study.columns[k].values[i]);

function showRows() {
  const shown = sorting.order.slice(sorting.from, sorting.from + SLICE), count = sorting.order.length;
  samples.tBodies[0].replaceChildren(...shown.map((i) => {
    const row = element("tr", "");
    row.append(...study.columns.map((column, k) => cell(column, i, k)));
    return row;
  }));
  [...samples.tHead.rows[0].cells].forEach((head, k) => {
    const here = k === sorting.column;
    head.setAttribute("aria-sort", here ? (sorting.descending ? "descending" : "ascending") : "none");
  });
  const { name } = study.columns[sorting.column], way = sorting.descending ? "down" : "up";
  document.getElementById("shown").textContent =
    `Rows ${(sorting.from + 1).toLocaleString("en")} to ${(sorting.from + shown.length).toLocaleString("en")} of ${count.toLocaleString("en")}, ${way} by ${name}`;
  const last = Math.floor((count - 1) / SLICE) * SLICE;
  for (const button of document.querySelectorAll("[data-go]")) {
    const to = { first: 0, previous: sorting.from - SLICE, next: sorting.from + SLICE, last }[button.dataset.go];
    button.disabled = to < 0 || to > last || to === sorting.from;
    button.onclick = () => { sorting.from = to; samples.parentElement.scrollTop = 0; showRows(); };
  }
}

if (samples) {
  [...samples.tHead.rows[0].cells].forEach((head, k) => {
    const button = element("button", "", { type: "button", className: "sort" });
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      sorting.descending = sorting.column === k && !sorting.descending;
      Object.assign(sorting, { column: k, from: 0 });
      sort();
      showRows();
    });
    head.append(button);
  });
  sort();
  showRows();
}
