/* Formulas in their column: one that is wider is set smaller; where four fifths are still too large it is broken into
   lines, before relations, signs and words, and then set smaller, down to three fifths. Beyond that it can be scrolled.
   A comma or full stop stays with the formula before it. */
(function () {
  "use strict";
  const WHOLE = 0.8, LEAST = 0.6, MARK = 10; // pixels of a comma behind a formula
  const column = (box) => box.closest("div.math") ?? box.parentElement.closest("p, li, dd, dt, td, th, h1, h2, h3, div");

  function attach(box) {
    const next = box.parentElement.matches("span.math") ? box.parentElement.nextSibling : box.nextSibling;
    const mark = next?.nodeType === Node.TEXT_NODE && /^[.,;:)\]!?’”]+/.exec(next.data);
    if (!mark) return;
    const whole = document.createElement("span");
    whole.style.whiteSpace = "nowrap";
    next.parentNode.insertBefore(whole, next);
    whole.append(whole.previousSibling, mark[0]);
    next.data = next.data.slice(mark[0].length);
  }

  /* Where lines may end, the best places first: behind a quad; before a relation (where MathJax leaves 4 units of room)
     or words; before a sign (3) or behind a comma (2); and there within brackets too. */
  const ROOM = 'mjx-mspace:is([style*="width: 1em"], [style*="width: 2em"])', QUAD = `${ROOM}, mjx-mstyle:has(> ${ROOM})`;
  const RELATION = 'mjx-mo[space="4"]', SIGN = 'mjx-mo[space="3"]:not(:has(> .mjx-c22C5))';
  const before = (kinds) => (part, last) => part.matches(kinds) && !last.matches(`${RELATION}, ${SIGN}`);
  const small = (part, last) => before(SIGN)(part, last) || (last.matches("mjx-mo") && part.matches('[space="2"]'));
  const PLACES = [(part, last) => last.matches(QUAD), before(`${RELATION}, mjx-mtext`), small, small];

  /* The parts of a formula between which lines may end, one within the other, in each of its rows. */
  function cut(box) {
    if (box.dataset.cut) return;
    box.dataset.cut = "true";
    function split(home, parts, level) {
      if (level === PLACES.length || parts.length === 1) return;
      const pieces = [[]];
      let open = 0; // brackets
      parts.forEach((part, k) => {
        if (k && (open === 0 || level === PLACES.length - 1) && PLACES[level](part, parts[k - 1])) pieces.push([]);
        const sign = part.matches("mjx-mo") ? part : part.querySelector(":scope > mjx-mo, :scope > mjx-texatom > mjx-mo"); // )₊ too
        open += sign?.matches(":has(> .mjx-c28, > .mjx-c5B, > .mjx-c7B)") - sign?.matches(":has(> .mjx-c29, > .mjx-c5D, > .mjx-c7D)") || 0;
        pieces.at(-1).push(part);
      });
      for (const piece of pieces) {
        const whole = pieces.length > 1 || level === 0 ? document.createElement("span") : home;
        if (whole !== home) home.insertBefore(whole, piece[0]);
        if (whole !== home) whole.append(...piece);
        split(whole, piece, level + 1);
      }
    }
    (function walk(row) {
      const parts = [...row.children].filter((part) => !part.matches("mjx-tstrut"));
      const table = parts.length === 1 && parts[0].matches("mjx-mtable") ? parts[0] : null;
      if (table) {
        for (const part of [table, ...table.querySelectorAll("*")]) if (part.closest("mjx-mtable") === table) part.classList.add("rows");
        [...table.querySelectorAll("mjx-mtd.rows")].filter((cell) => cell.closest("mjx-mtable") === table).forEach(walk);
      } else if (parts.length === 1 && parts[0].matches("mjx-texatom, mjx-mrow, mjx-mstyle")) walk(parts[0]);
      else if (parts.length) {
        row.classList.add("row");
        split(row, parts, 0);
      }
    })(box.querySelector("mjx-math"));
  }

  /* How wide a formula is, or the widest of its parts if it is broken. */
  const width = (box) => Math.max(...(box.matches(".broken") ? [...box.querySelectorAll(".row span:not(:has(> span))")]
    : [box.firstElementChild.querySelector("mjx-itable[width=full]") ?? box.firstElementChild]).map((part) => part.getBoundingClientRect().width));

  function fit() {
    for (const box of document.querySelectorAll("article mjx-container")) {
      box.dataset.size ??= box.style.fontSize || "100%"; // MathJax fits its letters to those of the text
      box.style.fontSize = box.dataset.size;
      box.classList.remove("scrolled", "broken");
      const home = column(box);
      if (!home || !box.firstElementChild || home.closest("table")) continue;
      const style = getComputedStyle(home), mark = home.matches("div.math") ? 0 : MARK;
      const room = home.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      const needed = () => Math.max(width(box), parseFloat(getComputedStyle(box).minWidth) || 0) + mark;
      if (room <= 0 || needed() <= room) continue;
      if (needed() * WHOLE > room) {
        cut(box);
        box.classList.add("broken");
      }
      const wide = needed(), part = Math.min(box.matches(".broken") ? WHOLE : 1, Math.max(LEAST, (0.99 * room) / wide));
      box.style.fontSize = `${part * parseFloat(box.dataset.size)}%`;
      box.classList.toggle("scrolled", part * wide > room);
    }
  }

  window.addEventListener("load", () => {
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(typeset).then(() => {
      document.querySelectorAll('article mjx-container:not([display="true"])').forEach(attach);
      fit();
      window.addEventListener("resize", fit);
      document.addEventListener("toggle", fit, true); // a solution that opens
    });
  });
})();
