/* What is wrong with a page in a browser, and how wide its pictures are there: check_pages.py runs this. */
(async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  document.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const article = document.querySelector("article") ?? document.body, faults = new Set();
  const start = (part) => part.textContent.trim().replace(/\s+/g, " ").slice(0, 40);

  for (const error of document.querySelectorAll("mjx-merror")) faults.add(`the formula is an error: ${error.title || error.textContent}`);
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.add(`the page is ${wide} pixels wide, the window ${innerWidth}`);

  for (const part of article.querySelectorAll("*")) {
    if (part.closest("svg, mjx-container *")) continue;
    const scrolls = /auto|scroll/.test(getComputedStyle(part).overflowX) && part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0;
    const sticks = part.matches("img, table, mjx-container, svg, canvas, input, select") && part.getBoundingClientRect().right > innerWidth;
    if (scrolls || sticks) faults.add(`${part.tagName.toLowerCase()} is wider than its place: ${start(part)}`);
  }
  for (const row of article.querySelectorAll("thead tr")) {
    if (row.getBoundingClientRect().height > 0 && !row.textContent.trim()) faults.add("a table has an empty head");
  }

  const words = document.createTreeWalker(article, NodeFilter.SHOW_TEXT), range = document.createRange();
  const unit = /\d(?:\s(?:[nµm]?s|min|h|%|px|[kMG]i?B|million)(?!\w)|e-\u2060?\d+)/g;
  const light = ([r, g, b]) => [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, k) => sum + [0.2126, 0.7152, 0.0722][k] * part, 0);
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number).map((part, k) => (colour.startsWith("color(") && k < 3 ? 255 * part : part));
  const over = (top, below) => below.slice(0, 3).map((part, k) => (1 - (top[3] ?? 1)) * part + (top[3] ?? 1) * top[k]);
  const ground = (part) => (part ? over(numbers(getComputedStyle(part).backgroundColor), ground(part.parentElement)) : [255, 255, 255]);
  while (words.nextNode()) {
    const text = words.currentNode, home = text.parentElement;
    if (!text.data.trim() || home.closest("svg, script, style, .visually-hidden, mjx-assistive-mml, option")) continue;
    if (home.closest("td") && !home.closest("code")) {
      for (const { 0: found, index } of text.data.matchAll(unit)) {
        range.setStart(text, index);
        range.setEnd(text, index + found.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) faults.add(`a number in two lines: ${found}`);
      }
    }
    range.selectNodeContents(text);
    const style = getComputedStyle(home);
    if (!range.getBoundingClientRect().height || style.visibility === "hidden") continue;
    const below = ground(home), [less, more] = [light(below), light(over(numbers(style.color), below))].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 600);
    const contrast = (more + 0.05) / (less + 0.05);
    if (contrast < (large ? 3 : 4.5)) faults.add(`a contrast of ${contrast.toFixed(1)}: ${start(text)}`);
  }
  const pictures = [...article.querySelectorAll("img")].map((image) => [image.getAttribute("src"), image.getBoundingClientRect().width]);
  return { faults: [...faults], pictures };
})()
