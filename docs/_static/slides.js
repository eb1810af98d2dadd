/* A page of the tutorial as slides: any page with ?slides at the end of its address. The page is cut at its headings,
   and where a part is taller than the screen. Of its text a slide has the first sentence of each part, the sentence that
   leads to a formula, what is printed bold, lists and exercises; the rest is folded, with the code of pictures. Arrow
   keys, space, Home and End turn; N opens and closes what is folded; Escape goes back to the page. */
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
        if (child.matches("section:not(.playground)")) walk(child);
        else if (/^H[1-3]$/.test(child.tagName)) parts.push(part = { heading: child, blocks: [] });
        else if (part && !["SPAN", "SCRIPT"].includes(child.tagName)) part.blocks.push(child);
        else if (parts.length) parts[parts.length - 1].blocks.push(child);
      }
    })(article.querySelector("section"));
    return parts;
  }

  const LABEL = 40; // letters that are bold before a sentence, and belong to it
  const ROOM = 60; // pixels for the line under which the text is folded

  /* The sentences of a paragraph, each a list of nodes; formulas and code inside of it are whole. */
  function sentences(paragraph) {
    const found = [[]];
    for (const node of [...paragraph.childNodes]) {
      const text = node.nodeType === Node.TEXT_NODE, parts = text ? node.data.split(/(?<=[.!?][)”]?)(?=\s)/) : [node];
      parts.forEach((part, k) => {
        if (k) found.push([]);
        found.at(-1).push(text ? document.createTextNode(part) : part.cloneNode(true));
      });
      const ends = text ? /[.!?][)”]?\s*$/.test(node.data) : /[.!?]$/.test(node.textContent.trim())
        && (node.matches("strong") ? node.textContent.length > LABEL : node.matches("span:has(mjx-container)"));
      if (ends) found.push([]);
    }
    return found.filter((sentence) => sentence.some((node) => node.textContent.trim() || node.nodeType !== Node.TEXT_NODE));
  }

  /* What a slide has of a paragraph; null if nothing. */
  function shortened(paragraph, first, next) {
    const all = sentences(paragraph), bold = (sentence) => sentence.some((node) => node.nodeName === "STRONG");
    if (all.length && /^\d+\.$/.test(paragraph.querySelector("strong")?.textContent ?? "")) return paragraph;
    const leads = next && next.matches(".math, .math-wrapper, ul, ol") || /:$/.test(paragraph.textContent.trim());
    const kept = all.filter((sentence, k) => (first && k === 0) || (leads && k === all.length - 1) || bold(sentence));
    if (!kept.length) return null;
    if (kept.length === all.length) return paragraph;
    const short = paragraph.cloneNode(false);
    short.append(...kept.flat());
    return short;
  }

  const isCodeOfPicture = (block, next) => block.matches("[class*=highlight-]") && next?.matches("figure, .figure, img, p:has(> img)") && !block.textContent.startsWith(">>>");

  /* Blocks of a part as a slide has them, and what is folded. */
  function digest(content) {
    const shown = [], folded = [];
    content.forEach((block, k) => {
      const short = block.tagName === "P" && !block.querySelector("img") ? shortened(block, k === 0, content[k + 1])
        : isCodeOfPicture(block, content[k + 1]) ? null : block;
      const empty = !block.textContent.trim() && !block.querySelector("img, svg, canvas, iframe");
      if (empty) return;
      if (short) shown.push(short);
      if (short !== block) folded.push(block);
    });
    return { shown, folded };
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
      const { shown, folded } = digest(content);
      let slide = begin(heading, false);
      for (const block of shown) {
        slide.append(block);
        if (slide.children.length > 2 && block.offsetTop + block.offsetHeight > slide.clientHeight - ROOM) {
          const lead = block.previousElementSibling, moved = lead.tagName === "P" && slide.children.length > 3 ? [lead, block] : [block];
          if (lead.tagName === "P" && slide.children.length === 3) continue; // a part that is one sentence and a large block
          slide = begin(heading, true);
          slide.append(...moved);
        }
      }
      if (folded.length) {
        const notes = document.createElement("details"), title = document.createElement("summary");
        notes.className = "notes";
        title.textContent = "in full";
        notes.append(title, ...folded);
        slide.append(notes);
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
      if (event.key === "n" || event.key === "N") {
        const notes = [...stage.querySelectorAll(".notes")], open = !notes.some((note) => note.open);
        notes.forEach((note) => { note.open = open; });
      } else if (event.key === "Escape") window.location.href = address.pathname;
      else if (event.key in steps) { event.preventDefault(); show(current + steps[event.key]); }
    });
    document.documentElement.classList.add("cut");
    show(current);
    window.dispatchEvent(new Event("resize")); // formulas fit the slides
  }

  window.addEventListener("load", () => {
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(typeset).then(build);
  });
})();
