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
        else if (!child.matches("span, script")) (part ?? parts.at(-1))?.blocks.push(child);
      }
    })(article.querySelector("section"));
    return parts;
  }

  const LABEL = 40; // letters that are bold before a sentence, and belong to it
  const SMALLER = [1, 0.94, 0.88], LEAST = 0.4; // letters of a slide that is a little too long; a picture's part of its height

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

  const isCodeOfPicture = (block, next) => block.matches(CODE) && next?.matches("figure, .figure, img, p:has(> img)") && !block.textContent.startsWith(">>>");

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

  const CODE = "[class*=highlight-]", MADE = ".math-wrapper, .math"; // code, and the formula that it prints
  const over = (slide) => slide.scrollHeight > slide.clientHeight + 1;

  /* A picture of two panes, one above the other, whose class stacked-N says that N per cent of it are the first: on a
     screen that is wide the panes stand beside each other. */
  function unstack(block) {
    const image = block.querySelector("img[class*=stacked-]");
    if (!image || innerWidth < innerHeight) return;
    const { naturalWidth: width, naturalHeight: height } = image, first = parseInt(image.className.split("stacked-")[1], 10) / 100;
    const panes = document.createElement("div");
    panes.className = "panes";
    image.replaceWith(panes);
    for (const [above, share] of [[0, first], [first, 1 - first]]) {
      const pane = document.createElement("span"), part = above ? image.cloneNode() : image;
      if (above) part.alt = "";
      pane.style.aspectRatio = `${width} / ${height * share}`;
      pane.style.maxWidth = `${(62 * width) / height / Math.max(first, 1 - first)}vh`;
      part.style.marginTop = `${(-100 * above * height) / width}%`;
      pane.append(part);
      panes.append(pane);
    }
  }

  /* Where a block can be cut, in order: before its rows, items, parts, and the statements of code. */
  function cuts(block) {
    const places = [...block.querySelectorAll("tbody tr + tr, li + li, .admonition > :nth-child(n + 3)")].map((part) => {
      const range = document.createRange();
      range.setStartBefore(part);
      return [range, part.getBoundingClientRect().top];
    });
    for (const code of block.querySelectorAll("pre")) {
      const lines = code.textContent.split(/(?<=\n)/), whole = lines.some((line) => line.startsWith(">>>")) ? /^>>>/ : /^\S/;
      const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
      let text = texts.nextNode(), seen = 0, place = 0; // letters before this text, and before this line
      for (const [k, line] of lines.entries()) {
        while (text && seen + text.length <= place) [seen, text] = [seen + text.length, texts.nextNode()];
        if (k && text && whole.test(line)) {
          const range = document.createRange();
          range.setStart(text, place - seen);
          range.setEnd(text, place - seen + 1);
          places.push([range, range.getBoundingClientRect().top]);
        }
        place += line.length;
      }
    }
    return places.sort(([one], [other]) => one.compareBoundaryPoints(Range.START_TO_START, other));
  }

  /* The part of a block that is below an edge of the slide, as a block of its own; null if it cannot be cut above it. */
  function rest(block, edge) {
    if (block.matches(".playground")) return null;
    const found = cuts(block).filter(([, top]) => top <= edge).at(-1);
    if (!found) return null;
    const [range] = found, count = range.startContainer.matches?.("ol") ? range.startOffset : 0;
    range.setEndAfter(block);
    const part = range.extractContents().firstElementChild;
    for (const [whole, home] of [["thead", "table"], [":scope > .admonition-title", ".admonition"]]) {
      const head = block.querySelector(whole), place = part.matches(home) ? part : part.querySelector(home);
      if (head && place && !place.querySelector(whole)) place.prepend(head.cloneNode(true));
    }
    if (count) part.start = block.start + [...block.children].filter((item) => item.tagName === "LI").length;
    return part;
  }

  /* A slide that is too long has smaller letters or a smaller picture, or goes on in another one, which begins with the
     block that crosses its edge, or with what is left of it; the sentence that leads to a block stays with it. */
  function divide(slide, begin) {
    if (SMALLER.some((size) => { slide.style.fontSize = `${100 * size}%`; return !over(slide); })) return false;
    slide.style.fontSize = "";
    const edge = slide.getBoundingClientRect().bottom - parseFloat(getComputedStyle(slide).paddingBottom);
    const content = [...slide.children].slice(1), told = content.filter((block) => !block.matches(".notes"));
    const crossing = told.find((block) => block.getBoundingClientRect().bottom > edge) ?? told.at(-1), k = told.indexOf(crossing);
    const excess = crossing === told.at(-1) ? slide.scrollHeight - slide.clientHeight : crossing.getBoundingClientRect().bottom - edge;
    const picture = crossing.querySelector("img:not(.panes img)"), height = picture?.height - excess;
    if (picture && height > (k ? LEAST : LEAST / 2) * slide.clientHeight) {
      picture.style.maxHeight = `${Math.floor(height)}px`;
      return over(slide);
    }
    // a sentence leads to what comes next, code to its formula or its solution
    const leading = (block, next) => block?.matches(next?.matches(`${MADE}, details`) ? `p, ${CODE}` : "p");
    let leads = 0;
    while (leading(told[k - leads - 1], told[k - leads]) && !(leads && told[k - leads].matches("p"))) leads++;
    const first = k === leads;
    const left = first || crossing.offsetHeight > LEAST * slide.clientHeight ? rest(crossing, edge) : null;
    const moved = left ? [left, ...content.slice(k + 1)] : content.slice(first ? k : k - leads);
    if (!left && k === 0) return false; // one block that cannot be cut
    begin(slide.firstElementChild, slide).append(...moved);
    return true;
  }

  function build() {
    const article = document.querySelector("article");
    const stage = document.createElement("article");
    stage.id = "stage";
    stage.setAttribute("role", "main");
    document.body.append(stage);
    const slides = [];
    function begin(heading, after) {
      const slide = document.createElement("section");
      const title = document.createElement(slides.length ? "h2" : "h1");
      title.innerHTML = heading.innerHTML;
      title.querySelectorAll("a.headerlink").forEach((link) => link.remove());
      slide.append(title);
      if (after) {
        if (!title.textContent.endsWith(" …")) title.append(" …");
        after.after(slide);
      } else stage.append(slide);
      slides.splice(after ? slides.indexOf(after) + 1 : slides.length, 0, slide);
      return slide;
    }
    for (const { heading, blocks: content } of blocks(article)) {
      const { shown, folded } = digest(content);
      let slide = begin(heading);
      for (const block of shown) {
        const plays = block.matches(".playground"); // on a slide with one sentence at most
        if (plays ? slide.children.length > 2 : slide.querySelector(".playground")) slide = begin(slide.firstElementChild, slide);
        slide.append(block);
        unstack(block);
      }
      if (folded.length || slide.querySelector(".playground")) {
        const notes = document.createElement("details"), title = document.createElement("summary");
        notes.className = "notes";
        title.textContent = "in full";
        notes.append(title, ...folded);
        slide.append(notes);
      }
    }
    window.dispatchEvent(new Event("resize")); // formulas and tables fit the width of slides
    for (let k = 0; k < slides.length; k++) while (divide(slides[k], begin)); // what begins behind a slide comes next
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
  }

  window.addEventListener("load", () => {
    const typeset = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(typeset).then(build);
  });
})();
