"""The page in a real browser: its script runs without an error, and its controls do what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from stackcore.api.processing import stack

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not BROWSER, reason="there is no chromium here")]

LISTEN = """
<script>
  window.faults = [];
  addEventListener("error", (event) => faults.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
  addEventListener("securitypolicyviolation", (event) => faults.push(event.violatedDirective));
</script>
"""

USE = """
<script>
(async () => {
  const at = (id) => document.getElementById(id), told = {};
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const key = (element, name) => element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  const set = (element, value) => { element.value = value; element.dispatchEvent(new Event("input")); };
  const count = (canvas, wanted) => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let many = 0;
    for (let i = 0; i < data.length; i += 4) many += wanted(data[i], data[i + 1], data[i + 2], data[i + 3]);
    return many / (canvas.width * canvas.height);
  };
  await pause(1500);
  told.live = document.documentElement.classList.contains("live");
  told.fit = at("zoomed").textContent;
  key(at("zoom"), "+");
  told.zoomed = at("picture").style.transform;
  key(at("zoom"), "0");
  told.whole = at("picture").style.transform;
  set(at("divide"), 20);
  told.cut = getComputedStyle(at("versus")).getPropertyValue("--cut");
  const first = at("before").src;
  set(at("slice"), 0);
  told.turned = [at("tag").textContent, at("before").src !== first, at("named").textContent];
  told.cursors = [...document.querySelectorAll(".cursor")].map((line) => Number(line.getAttribute("x1")));
  at("mark").click();
  told.marked = count(at("wins"), (r, g, b, a) => r > 200 && a > 100);
  at("play").click();
  await pause(600);
  told.played = at("slice").value !== "0";
  at("play").click();
  set(at("sure"), 100);
  told.veiled = count(at("unsure"), (r, g, b, a) => a > 200);
  const box = at("map").getBoundingClientRect();
  at("map").dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 9, clientY: box.top + 9 }));
  told.reading = at("reading").textContent;
  const relief = at("relief");
  told.drawn = relief.dataset.drawn;
  const before = relief.toDataURL();
  key(relief, "ArrowLeft");
  await pause(300);
  told.turnedRelief = relief.toDataURL() !== before;
  const paper = getComputedStyle(document.body).backgroundColor;
  at("theme").click();
  told.themed = getComputedStyle(document.body).backgroundColor !== paper;
  told.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  told.faults = faults;
  const out = document.createElement("pre");
  out.id = "told";
  out.textContent = JSON.stringify(told);
  document.body.append(out);
})();
</script>
"""


def browsed(page: Path, home: Path, width: int = 1400) -> tuple[str, str]:
    """The document as the browser has it in the end, and what it logged."""
    done = subprocess.run(
        [
            BROWSER,
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            f"--user-data-dir={home}",
            f"--window-size={width},900",
            "--virtual-time-budget=20000",
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def page(stack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "page.html"
    stack(stack_folder, fuser="depthmap", report=target)
    return target


@pytest.fixture(scope="module")
def told(page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page did when it was used; without its policy, which forbids the script that uses it."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', LISTEN, page.read_text("utf-8"), count=1)
    used = page.with_name("used.html")
    used.write_text(text.replace("</body>", f"{USE}</body>"), "utf-8")
    document, log = browsed(used, tmp_path_factory.mktemp("browser"))
    found = re.search(r'<pre id="told">(.*?)</pre>', document)
    assert found, log[-2000:]
    read: dict[str, Any] = json.loads(unescape(found[1]))
    return read


def test_no_error_and_no_wider_than_the_window(told):
    assert told["faults"] == []
    assert told["live"] is True
    assert told["wide"] <= 0


def test_the_result_is_zoomed_by_the_keyboard(told):
    assert told["fit"] == "fit"
    assert "scale(1.5)" in told["zoomed"]
    assert "scale(1)" in told["whole"]


def test_frames_are_compared_with_the_result(told):
    assert told["cut"] == "20%"
    assert told["turned"] == ["slice 1", True, "slice 1, img8.tif"]
    assert len(told["cursors"]) == 3
    assert max(told["cursors"]) - min(told["cursors"]) < 1  # all plots show slice 1 at one place
    assert told["played"] is True


def test_where_a_slice_is_the_sharpest_is_marked(told):
    assert 0.005 < told["marked"] < 0.6


def test_depth_is_read_veiled_and_turned(told):
    assert 0.3 < told["veiled"] < 1
    assert re.fullmatch(r"slice \d\.\d, \d+ % sure", told["reading"])
    assert told["drawn"] == "yes"
    assert told["turnedRelief"] is True


def test_the_page_runs_under_its_own_policy(page, tmp_path):
    document, log = browsed(page, tmp_path, width=500)
    assert '<html lang="en" class="live">' in document
    assert 'data-drawn="yes"' in document
    assert "CONSOLE" not in log
