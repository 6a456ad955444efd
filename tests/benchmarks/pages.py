"""How soon a page is there after the click, in a real browser on a warm server.

    python -m tests.benchmarks.pages --workspace data/demo/workspace --workspace PATH --synthetic 50000x16000

For each workspace a server is started and a headless Chromium (1280 × 900) opens it. *First screen*: the last change of
anything that is in view, the time until what one looks at stands still. *Last change*: of anything on the whole page,
tables and plots under the fold included. Medians of `--times` clicks. Bars: a feature page 300 ms and the index 200 ms
on real data, both 500 ms on the synthetic one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import save
from tests.server import launch, serve

_WATCH = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const status = node => node.closest && node.closest('[data-testid=stStatusWidget]');
  const onScreen = node => {
    const box = node.getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0 && box.width > 0;
  };
  const main = '[data-testid=stMain]';  // the title and the sentence under it: labels may be equal, numbers are not
  const head = () => [...document.querySelectorAll(`${main} h1, ${main} [data-testid=stMarkdown] p`)]
    .slice(0, 3).map(node => node.textContent).join('|');
  const watcher = new MutationObserver(list => {
    const seen = window.__seen, now = performance.now();
    if (!seen.click) return;
    for (const m of list) {
      let node = m.target.nodeType === 1 ? m.target : m.target.parentElement || (m.target.host || null);
      if (!node || status(node)) continue;
      if (m.type === 'attributes') {
        if (node === app && app.getAttribute('data-test-script-state') === 'notRunning') seen.done = now;
        continue;
      }
      // Streamlit hides a chart that another one replaced and takes it away when the script ends: nothing is seen
      const hidden = [...m.removedNodes].some(part => part.dataset && part.dataset.retained);
      if (hidden && !m.addedNodes.length) continue;
      seen.last = now;
      // a block may reach over the screen while what was put into it lies below: the parts count, not the block
      const parts = m.type === 'childList' ? (m.addedNodes.length ? [...m.addedNodes] :
        [m.previousSibling, m.nextSibling]) : [node];
      const boxes = parts.map(part => part && part.nodeType !== 1 ? part.parentElement : part);
      if (seen.fold !== now && boxes.some(part => part && !status(part) && onScreen(part))) seen.fold = now;
    }
    if (!seen.title && head() !== window.__title) seen.title = now;
  });
  const all = {subtree: true, childList: true, characterData: true};
  watcher.observe(document.body, {...all, attributes: true, attributeFilter: ['data-test-script-state']});
  const inside = new WeakSet();
  window.__start = () => {
    for (const node of document.querySelectorAll('*'))  // our components draw in shadow roots
      if (node.shadowRoot && !inside.has(node.shadowRoot)) {
        inside.add(node.shadowRoot);
        watcher.observe(node.shadowRoot, all);
      }
    window.__seen = {click: 0, title: 0, fold: 0, last: 0, done: 0};
    window.__title = head();
  };
  window.__start();
  const clicked = () => { window.__seen.click = window.__seen.click || performance.now(); };
  document.addEventListener('click', clicked, true);
}"""
_QUIET = """() => { const s = window.__seen, now = performance.now();
  return s.click && s.title && s.done > s.click && now - Math.max(s.last, s.done) > 400; }"""


def measure(workspace: Path, times: int) -> dict[str, Any]:
    """Serve `workspace` and click through its pages."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as home, serve(workspace, Path(home)) as url, sync_playwright() as driver:
        page = launch(driver).new_page(viewport={"width": 1280, "height": 900})
        result = {**_features(page, url, times), **_samples(page, url, times)}
    return result


def _features(page: Any, url: str, times: int) -> dict[str, Any]:
    page.goto(f"{url}/features")
    page.get_by_role("heading", level=1).wait_for(timeout=120_000)
    page.goto(f"{url}/features?feature=1")
    page.get_by_role("link", name="Next").wait_for(timeout=120_000)
    time.sleep(3)
    page.evaluate(_WATCH)
    steps = [_click(page, "Next") for _ in range(times + 5)][5:]
    there, back = [], []
    for _ in range(max(3, times // 4)):
        back.append(_click(page, "All features"))
        there.append(_click_row(page))
    return {"feature page, ms": _summary(steps), "index, ms": _summary(back), "feature from index, ms": _summary(there)}


def _samples(page: Any, url: str, times: int) -> dict[str, Any]:
    page.goto(f"{url}/samples?sample=3")
    page.get_by_role("link", name="Next").wait_for(timeout=120_000)
    time.sleep(3)
    page.evaluate(_WATCH)
    return {"row page, ms": _summary([_click(page, "Next") for _ in range(times // 4 + 3)][3:])}


Times = dict[str, float]


def _click(page: Any, name: str) -> Times:
    page.evaluate("window.__start()")
    page.get_by_role("link", name=name, exact=True).click()
    return _up(page)


def _click_row(page: Any) -> Times:
    page.evaluate("window.__start()")
    page.locator("table[aria-label='Features, one per row'] tbody tr").nth(3).click()
    return _up(page)


def _up(page: Any) -> Times:
    """Milliseconds from the click to the new title, the last change in view, the end of the script, the last change."""
    page.wait_for_function(_QUIET, timeout=60_000, polling=50)
    seen = page.evaluate("window.__seen")
    return {name: seen[name] - seen["click"] for name in ("title", "fold", "done", "last")}


def _summary(clicks: list[Times]) -> dict[str, float]:
    """Medians in milliseconds, and the spread of the first screen."""
    ordered = sorted(one["fold"] for one in clicks)
    return {
        "first screen": round(statistics.median(ordered), 1),
        "first screen, fastest": round(ordered[0], 1),
        "first screen, p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1),
        "new title": round(statistics.median(one["title"] for one in clicks), 1),
        "script ended": round(statistics.median(one["done"] for one in clicks), 1),
        "last change": round(statistics.median(one["last"] for one in clicks), 1),
        "clicks": len(clicks),
    }


def main() -> None:
    """Measure every workspace that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", action="append", default=[], type=Path)
    parser.add_argument("--synthetic", default="", help="ROWSxFEATURES, e.g. 50000x16000")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--dry", action="store_true", help="print only")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    for workspace in given.workspace:
        found[workspace.name if workspace.name != "workspace" else "demo"] = measure(workspace, given.times)
    if given.synthetic:
        from tests.benchmarks.large import build

        rows, features = (int(part) for part in given.synthetic.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder) / "workspace", rows, features)
            found[given.synthetic] = measure(Path(folder) / "workspace", given.times)
    if given.dry:
        print(found)
    else:
        save("pages", {"pages": found})


if __name__ == "__main__":
    main()
