/* A page of the tutorial as slides: any page with ?slides at the end of its address. The page is cut at its headings,
   and where a part is taller than the screen. Arrow keys, space, Home and End turn; Escape goes back to the page. */
(function () {
  "use strict";
  const address = new URL(window.location.href);
  if (!address.searchParams.has("slides")) return;
  document.documentElement.classList.add("slides");

  function blocks(article) {
    /* [heading, its blocks] of every part, in order; what is inside a solution stays with it */
    const parts = [];
    (function walk(section) {
      let part = null;
      for (const child of [...section.children]) {
        if (child.tagName === "SECTION") walk(child);
        else if (/^H[1-3]$/.test(child.tagName)) parts.push(part = { heading: child, blocks: [] });
        else if (part && !["SPAN", "SCRIPT"].includes(child.tagName)) part.blocks.push(child);
        else if (parts.length) parts[parts.length - 1].blocks.push(child);
      }
    })(article.querySelector("section"));
    return parts;
  }

  function build() {
    const article = document.querySelector("article");
    const stage = document.createElement("main");
    stage.id = "stage";
    document.body.append(stage);
    const slides = [];
    function begin(heading, again) {
      const slide = document.createElement("section");
      const title = document.createElement(slides.length ? "h2" : "h1");
      title.innerHTML = heading.innerHTML;
      title.querySelectorAll("a.headerlink").forEach((link) => link.remove());
      if (again) title.append(" …");
      slide.append(title);
      stage.append(slide);
      slides.push(slide);
      return slide;
    }
    for (const { heading, blocks: content } of blocks(article)) {
      let slide = begin(heading, false), count = 0;
      for (const block of content) {
        slide.append(block);
        if (count && slide.scrollHeight > slide.clientHeight + 2) {
          slide = begin(heading, true);
          slide.append(block);
          count = 0;
        }
        count += 1;
      }
    }
    const bar = document.createElement("nav");
    bar.setAttribute("aria-label", "slides");
    bar.innerHTML = '<button type="button" aria-label="previous slide">‹</button><output aria-live="polite"></output>' +
      '<button type="button" aria-label="next slide">›</button>';
    document.body.append(bar);
    const [back, on] = bar.querySelectorAll("button"), place = bar.querySelector("output");
    let current = Math.max(0, (parseInt(address.hash.slice(1), 10) || 1) - 1);
    function show(number) {
      current = Math.min(Math.max(number, 0), slides.length - 1);
      slides.forEach((slide, k) => slide.toggleAttribute("data-shown", k === current));
      place.textContent = `${current + 1} / ${slides.length}`;
      history.replaceState(null, "", `#${current + 1}`);
    }
    back.onclick = () => show(current - 1);
    on.onclick = () => show(current + 1);
    document.addEventListener("keydown", (event) => {
      if (event.target.closest("input, textarea, summary")) return;
      const steps = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -slides.length, End: slides.length };
      if (event.key === "Escape") window.location.href = address.pathname;
      else if (event.key in steps) { event.preventDefault(); show(current + steps[event.key]); }
    });
    document.documentElement.classList.add("cut");
    show(current);
  }

  window.addEventListener("load", () => {
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(typeset).then(build);
  });
})();
