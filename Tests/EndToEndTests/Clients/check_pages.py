"""The API's own pages in headless Chromium: style, policy, width and contrast. Arguments: BASE FOLDER

Chromium is told what to do by the DevTools protocol over a pipe. Screenshots are left in FOLDER.
"""
import base64, contextlib, json, os, pathlib, select, shutil, signal, subprocess, sys, tempfile, time

base, folder = sys.argv[1], pathlib.Path(sys.argv[2])
PAGES = {
    "index": "/help", "token": "/help/post-api-v1-auth-token", "verify": "/help/get-api-v1-auth-verify",
}
SCREENS = {"phone": (390, 844), "desk": (1280, 900)}


class Browser:
    """One Chromium with one page."""

    def __init__(self, profile):
        to_browser, self.out = os.pipe()
        self.inn, from_browser = os.pipe()
        self.log = open(f"{profile}/log", "w+b")

        def place():
            # The two numbers are Chromium's own choice; above them first, because they may be taken by the pipes.
            high = os.dup(to_browser), os.dup(from_browser)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            # It leaves folders behind where temporary files lie, and makes a socket there, whose path must be short.
            env=os.environ | {"TMPDIR": profile},
            preexec_fn=place, close_fds=False, start_new_session=True, stdout=subprocess.DEVNULL, stderr=self.log,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.call(f"{domain}.enable")

    def receive(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.inn], [], [], max(0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            octets = os.read(self.inn, 1 << 20)
            assert octets, "Chromium has ended: " + pathlib.Path(self.log.name).read_text(errors="replace")[-2000:]
            self.buffer += octets
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + 60
        while True:
            message = self.receive(until)
            if message.get("id") == self.number:
                assert "error" not in message, (method, message)
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        until = time.monotonic() + 60
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive(until))

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, url, size, scheme):
        width, height = size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events = []
        self.call("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def complaints(self):
        """What the console says, the policy's violations among it."""
        return [
            event["params"] for event in self.events
            if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                                       "Network.loadingFailed")
        ]

    def stop(self):
        os.close(self.out)
        # With its children, which would go on writing to the profile.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@contextlib.contextmanager
def profile_folder():
    """Removed behind the last of the browser's processes."""
    path = tempfile.mkdtemp(prefix="ldapauthd-chromium-", dir="/tmp")
    try:
        yield path
    finally:
        for _ in range(50):
            shutil.rmtree(path, ignore_errors=True)
            if not os.path.exists(path):
                break
            time.sleep(0.1)


# Colours as the reader gets them: the nearest background that is not transparent.
MEASURE = """(() => {
  const channel = v => (v /= 255) <= .03928 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4);
  const read = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const back = node => {
    for (; node; node = node.parentElement) {
      const c = read(getComputedStyle(node).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  let contrast = 99, worst = '', smallest = 99;
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(node);
    const a = light(read(style.color)), b = light(back(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < contrast) { contrast = ratio; worst = node.outerHTML.slice(0, 80); }
    smallest = Math.min(smallest, parseFloat(style.fontSize));
  }
  const wide = [...document.querySelectorAll('body *')].filter(n => n.getBoundingClientRect().right > innerWidth + 1);
  return {
    rules: [...document.styleSheets].reduce((n, sheet) => n + sheet.cssRules.length, 0),
    family: getComputedStyle(document.body).fontFamily, back: light(back(document.body)), contrast, worst, smallest,
    inner: innerWidth, scroll: document.documentElement.scrollWidth, wide: wide.slice(0, 3).map(n => n.outerHTML.slice(0, 80)),
    words: document.body.innerText.length, images: document.images.length, scripts: document.scripts.length,
  };
})()"""

# What the policy must stop, so that a silent console means something.
INTRUDE = """(() => {
  const style = document.createElement('style');
  style.textContent = 'body { background: rgb(1, 2, 3) !important }';
  document.head.append(style);
  const script = document.createElement('script');
  script.textContent = 'window.intruded = true';
  document.head.append(script);
  return [getComputedStyle(document.body).backgroundColor, window.intruded === true];
})()"""

with profile_folder() as profile:
    browser = Browser(profile)
    try:
        for name, path in PAGES.items():
            for screen, size in SCREENS.items():
                for scheme in "light", "dark":
                    what = f"{name} {screen} {scheme}"
                    browser.open(base + path, size, scheme)
                    found = browser.evaluate(MEASURE)
                    assert not browser.complaints(), (what, browser.complaints())
                    assert found["rules"] > 10 and "system-ui" in found["family"], (what, "the style sheet", found)
                    assert found["inner"] == size[0] and found["scroll"] <= size[0] and not found["wide"], (what, found)
                    assert (found["back"] > 0.8) == (scheme == "light"), (what, "the background", found)
                    # WCAG 2.2 §1.4.3
                    assert found["contrast"] >= 4.5 and found["smallest"] >= 12, (what, found)
                    assert found["words"] > 500 and found["scripts"] == 0 and found["images"] == 0, (what, found)
                    shot = browser.call("Page.captureScreenshot", format="png")["data"]
                    (folder / f"{name}-{screen}-{scheme}.png").write_bytes(base64.b64decode(shot))
        before = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        assert browser.evaluate(INTRUDE) == [before, False]
        refused = [str(entry) for entry in browser.complaints() if "Content Security Policy" in str(entry)]
        assert len(refused) >= 2, browser.complaints()
    finally:
        browser.stop()
print("ok")
