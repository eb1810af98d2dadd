// Buttons that save the files that the page holds: texts as they are, pictures from where they are shown.
const TYPES = { json: "application/json", html: "text/html", csv: "text/csv", svg: "image/svg+xml", png: "image/png" };

function content(name) {
  if (name in study.files) return study.files[name];
  const [, encoded] = document.querySelector(`img[data-file="${CSS.escape(name)}"]`).src.split(",");
  return Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
}

for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => {
    const name = button.dataset.save, type = TYPES[name.split(".").pop()] ?? "text/plain";
    const address = URL.createObjectURL(new Blob([content(name)], { type }));
    element("a", "", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}

for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
for (const each of document.querySelectorAll("pre")) each.tabIndex = 0; // to scroll by keyboard
