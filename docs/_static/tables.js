/* Tables in their column: one that is wider is set smaller, and if that is not enough it becomes a list of its rows, each
   value behind the head of its column. */
(function () {
  "use strict";
  const ROLES = { table: "table", tr: "row", td: "cell", th: "columnheader" }; // which a list would lose

  function label(table) {
    const heads = [...table.querySelectorAll("thead tr:last-child th")].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) [...row.cells].forEach((cell, k) => { cell.dataset.head = heads[k] ?? ""; });
    for (const [name, role] of Object.entries(ROLES)) for (const part of [table, ...table.querySelectorAll(name)]) if (part.matches(name)) part.setAttribute("role", role);
  }

  function fit() {
    for (const table of document.querySelectorAll("article table.docutils")) {
      table.classList.remove("small", "listed");
      for (const kind of ["small", "listed"]) {
        if (table.scrollWidth <= table.parentElement.clientWidth) break;
        table.classList.remove("small");
        table.classList.add(kind);
      }
    }
  }

  window.addEventListener("load", () => {
    document.querySelectorAll("article table.docutils").forEach(label);
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(typeset).then(() => {
      fit();
      window.addEventListener("resize", fit);
      document.addEventListener("toggle", fit, true); // a part that opens
    });
  });
})();
