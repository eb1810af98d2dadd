const VERSIONS = [];
/* A choice of versions in the margin.  The list above is empty in a site that stands alone; where several lie side by
   side, a folder each, docs/versions.py fills it in. */
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  const brand = document.querySelector(".sidebar-brand");
  if (!brand || VERSIONS.length < 2) return;
  const root = new URL(document.documentElement.dataset.content_root || "./", window.location.href);
  const here = decodeURIComponent(root.pathname.split("/").slice(-2)[0]);
  const label = document.createElement("label");
  const choice = document.createElement("select");
  label.className = "versions";
  label.textContent = "Version ";
  for (const name of VERSIONS) choice.add(new Option(name, name, name === here, name === here));
  choice.addEventListener("change", () => { window.location.href = new URL(`../${choice.value}/index.html`, root); });
  label.append(choice);
  brand.after(label);
});
