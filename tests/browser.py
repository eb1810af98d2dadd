"""Pages in headless Chromium: what it prints of them, and what a probe sees in a copy, framed as wide as wanted.

Windows have a least width, so a page is shown in a frame; what the probe sees becomes the title of the page around it.
"""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needed = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium: .ci/debian installs it on Debian (tests of report.html in a browser)",
)

DESKTOP, PHONE = 1280, 400
DARK = "--blink-settings=preferredColorScheme=0"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=4000",
]  # fmt: skip
PROBE = """<script>
addEventListener("load", async () => {
  const all = (name) => [...document.querySelectorAll(name)];
  const seen = await (async () => { %s })();
  parent.postMessage(JSON.stringify({ %s: seen }), "*");
});
</script>"""
AROUND = """<!DOCTYPE html><title></title><meta name="color-scheme" content="light dark">
<script>const seen = {};
addEventListener("message", (message) => {
  document.title = JSON.stringify(Object.assign(seen, JSON.parse(message.data)));
});</script>"""
FRAME = '<iframe src="%s.html" style="border: 0; width: %dpx; height: 1600px"></iframe>'


def browse(page, tmp_path, *arguments, width=DESKTOP, height=1600):
    """What a browser prints about a page, on stdout and on its console."""
    done = subprocess.run(
        [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},{height}", *arguments,
         page.as_uri()],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def probed(pages, tmp_path, *arguments, width=DESKTOP):
    """What a script sees in each page: pages are {name: (text, script)}, where the script returns something plain."""
    frames = []
    for name, (text, script) in pages.items():
        allowed = re.sub("script-src [^;]*;", "script-src 'unsafe-inline';", text, count=1)
        assert allowed != text
        probe = PROBE % (script, json.dumps(name))
        (tmp_path / f"{name}.html").write_text(
            allowed.replace("</body>", probe + "</body>"), encoding="utf-8"
        )
        frames.append(FRAME % (name, width))
    around = tmp_path / "around.html"
    around.write_text(AROUND + "".join(frames), encoding="utf-8")
    printed, console = browse(around, tmp_path, "--dump-dom", *arguments)
    assert not console
    return json.loads(html.unescape(re.search(r"<title>(.*?)</title>", printed, re.S)[1]))
