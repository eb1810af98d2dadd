/* Formulas in their column: one that is wider is set smaller, down to two thirds, and beyond that it can be scrolled.
   A comma or full stop stays with the formula before it. */
(function () {
  "use strict";
  const LEAST = 0.67, MARK = 10; // pixels of a comma behind a formula
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

  function fit() {
    for (const box of document.querySelectorAll("article mjx-container, #stage mjx-container")) {
      box.dataset.size ??= box.style.fontSize || "100%"; // MathJax fits its letters to those of the text
      box.style.fontSize = box.dataset.size;
      box.classList.remove("scrolled");
      const home = column(box), inside = box.firstElementChild;
      if (!home || !inside || home.closest("table")) continue;
      const style = getComputedStyle(home), room = home.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      const wide = inside.getBoundingClientRect().width + (home.matches("div.math") ? 0 : MARK);
      if (room <= 0 || wide <= room) continue;
      const part = Math.max(LEAST, (0.99 * room) / wide);
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
