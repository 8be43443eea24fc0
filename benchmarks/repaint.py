"""How long a page takes from a moved slider to the picture: `python -m benchmarks.repaint`.

The median of many moves, each timed in the browser from the start of a frame until it is painted:
computing all values and gradients, writing what changed, layout and paint. Needs Playwright and
Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from autograd_scalar import explore, nn, toposort

SIZES = [(8, [16, 20, 8, 4]), (4, [8, 8, 3])]

_MOVES = """async ([view, rounds]) => {
  const { app } = document.getElementById("page").handle;
  app.setView(view);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const painted = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  });
  const [moved] = app.graph.inputs;
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    await frame();
    const start = performance.now();
    app.graph.set(moved, Math.sin(round));
    app.graph.update();
    app.redraw();
    await painted();
    times.push(performance.now() - start);
  }
  return times;
}"""


def measure(browser: Any, path: Path, view: str, rounds: int) -> float:
    """The median of so many repaints, in milliseconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    while not page.evaluate("document.getElementById('page').handle !== undefined"):
        page.wait_for_timeout(20)
    times = page.evaluate(_MOVES, [view, rounds])
    context.close()
    return statistics.median(times[len(times) // 10 :])


def network(inputs: int, layers: list[int]) -> Any:
    model = nn.MLP(inputs, layers, activation="tanh", rng=0)
    return nn.cross_entropy(model([0.1 * k for k in range(inputs)]), 0)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m benchmarks.repaint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="moves of each page")
    rounds = parser.parse_args().rounds
    programs = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = started.chromium.launch(executable_path=next(programs, None), args=arguments)
        for inputs, layers in SIZES:
            loss = network(inputs, layers)
            path = explore(loss).save(Path(folder) / "page.html")
            for view in ("network", "operations"):
                taken = measure(browser, path, view, rounds)
                count = f"{len(toposort(loss)):,} values"
                print(f"{count}, {view} view: {taken:.1f} ms from a move to the picture")
        browser.close()


if __name__ == "__main__":
    main()
