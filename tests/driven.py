"""A browser that tests drive as a person would: pointer, keys and touches that pages cannot tell from real ones.

Chromium's protocol for its developer tools, over the pipe of --remote-debugging-pipe: JSON that ends with a zero byte.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
]  # fmt: skip
PATIENCE = 300.0  # seconds for an answer, of a machine that has much else to do
KEYS = {
    "Tab": 9, "Delete": 46, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35,
}  # fmt: skip
SHIFT = 8


class Page:
    """One page of a browser that ends with the block: ``with Page(folder) as page``."""

    def __init__(self, folder):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        os.set_inheritable(to_browser, True)
        os.set_inheritable(from_browser, True)
        # the browser reads from 3 and writes to 4
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "browser", BROWSER, *QUIET,
             f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(to_browser, from_browser), env={**os.environ, "HOME": str(folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._count, self._session, self.wrong = b"", 0, None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)

    def send(self, method, **parameters):
        """What the browser answers; what its console says of errors on the way is kept in `wrong`."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._count:
            known = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
            if answer.get("method") in known:
                self.wrong.append(json.dumps(answer["params"]))
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], max(end - time.monotonic(), 0))[0], "no answer"
            self._buffer += os.read(self._in, 1 << 20)
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)

    def look(self, width, height=1400, dark=False, touch=False):
        """The size of the window, and the colours that its user prefers."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Emulation.setTouchEmulationEnabled", enabled=touch)

    def open(self, address):
        self.send("Page.navigate", url=address)
        while self.run("document.readyState") != "complete":
            time.sleep(0.02)

    def run(self, script):
        """The value of a script, of a promise what it becomes."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def mouse(self, kind, x, y, **more):
        self.send("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button="left", **more)

    def drag(self, start, end):
        """Press, move in steps, release."""
        self.mouse("Pressed", *start, buttons=1, clickCount=1)
        for part in (0.3, 0.7, 1.0):
            place = (a + part * (b - a) for a, b in zip(start, end, strict=True))
            self.mouse("Moved", *place, buttons=1)
        self.mouse("Released", *end, clickCount=1)

    def touch(self, start, end):
        """The same with a finger."""
        for kind, places in (("Start", [start]), ("Move", [end]), ("End", [])):
            points = [{"x": x, "y": y} for x, y in places]
            self.send("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=points)

    def press(self, key, times=1, modifiers=0):
        code = {"windowsVirtualKeyCode": KEYS[key]} if key in KEYS else {"text": key}
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                self.send("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers, **code)

    def picture(self, path, whole=True):
        found = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
