"""A file of hostile text, and hostile names of everything that has a name, shown on every page without executing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from explorer.features import user_labels
from explorer.pipeline.label import label
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, marks
from tests import synthetic
from tests.browser.conftest import Served
from tests.server import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OWN = "window.__owned=1"
ATTACK = f'<script>{OWN}</script><img src=x onerror="{OWN}">"\'><svg onload={OWN}>'
TEXTS = (
    ATTACK,
    f"[click](javascript:{OWN}) ![x](x) **bold** `code` # head :red[colour] $x^2$ :smile: | a | b |\n|---|---|\n~~no~~",
    '=HYPERLINK("http://example.invalid","x") +1 -1 @SUM(A1) \t=cmd',
    "\u202eright to left\u202c \u2066isolated\u2069 \u200bzero \ufeffwidth \u05e9\u05dc\u05d5\u05dd "
    "\U0001f600\U0001f468\u200d\U0001f469",
    "nul \u0000 bell \u0007 escape \u001b[31m line \u2028 paragraph \u2029 end",
    "&lt;escaped&gt; &amp; '); DROP TABLE samples; -- %s {0} {{x}} ${y} <!-- --> </div></style></textarea>",
    "x" * 100_000,
    " ".join(["<b>many</b>"] * 3_000),
)


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app on a workspace in which rows, labels, sets and selections are called hostile things."""
    del browser
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "HOSTILE", TEXTS)
        made = synthetic.build(folder / "workspace", samples=60)
    store = made.store
    export = folder / "export.json"
    words = sorted(made.feature_of.values())
    export.write_text(json.dumps([{"index": i, "description": TEXTS[i % len(TEXTS)][:150]} for i in words]), "utf-8")
    label(store, neuronpedia=str(export))
    user_labels.write(store, Snapshot.newest(store).require("activations"), made.feature_of["moon"], ATTACK[:150])
    marks.keep_set(store, Snapshot.newest(store).require("samples"), ATTACK[:80], range(10))
    select(store, "longest", budget="10", name=ATTACK)
    with serve(folder / "workspace", folder / "home") as url:
        yield Served(url, made)


def addresses(served: Served) -> list[str]:
    """Every page, and every hostile row and name on the pages that show one."""
    moon, last = served.synthetic.feature_of["moon"], len(served.synthetic.tokens) - 1
    rows = [f"samples?sample={row}" for row in range(last - len(TEXTS) + 1, last + 1)]
    store = served.synthetic.store
    run = store.artifacts("selections")[-1].id
    return [
        "",
        "features",
        "features?q=%3Cscript%3E",
        "features?view=map",
        f"features?feature={moon}",
        "samples",
        "samples?find=%3Cimg",
        *rows,
        f"probe?sample={last}",
        "map?colour=source",
        "length",
        "select",
        "compare",
        f"differences?a=run:{run}&b=rest",
        "differences?a=source:%3Cb%3Ehostile%3C%2Fb%3E&b=all",
        "differences?a=search:%3Cscript%3E&b=%3Cscript%3Ewindow.__owned%3D1%3C%2Fscript%3E",
    ]


@pytest.mark.browser
def test_hostile_text_and_names_are_shown_on_every_page_and_never_executed(page: Page, hostile: Served) -> None:
    for address in addresses(hostile):
        page.goto(f"{hostile.url}/{address}")
        page.get_by_role("heading", level=1).first.wait_for()
        page.wait_for_function(
            "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
        )
        page.wait_for_timeout(350)
        assert page.evaluate("window.__owned") is None, address
        assert page.locator("[data-testid=stMain] img[src=x]").count() == 0, address
        assert page.locator("[data-testid=stMain] svg[onload]").count() == 0, address
        assert page.locator("[data-testid=stMain] a[href^='javascript']").count() == 0, address
        assert page.locator("[data-testid=stException]").count() == 0, address
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{address} is {wide} px wider than the window"


@pytest.mark.browser
def test_the_attack_is_there_to_be_read(page: Page, hostile: Served) -> None:
    first = len(hostile.synthetic.tokens) - len(TEXTS)
    page.goto(f"{hostile.url}/samples?sample={first}")
    page.get_by_text(f"<script>{OWN}</script>").first.wait_for()
    page.goto(f"{hostile.url}/features?q=script")
    page.locator("table[aria-label='Features, one per row'] tbody tr").first.wait_for()
    assert page.get_by_text("<script>").count() >= 1


@pytest.mark.browser
def test_a_table_saved_as_csv_holds_no_formula(page: Page, hostile: Served) -> None:
    page.goto(f"{hostile.url}/features?q=hyperlink")
    button = page.get_by_role("button", name="Download CSV").first
    button.wait_for()
    with page.expect_download() as waiting:
        button.click()
    with open(waiting.value.path(), encoding="utf-8") as file:
        text = file.read()
    cells = [cell for line in text.splitlines() for cell in line.replace('""', "").split('"')]
    assert "HYPERLINK" in text
    assert not any(cell.startswith(("=", "@")) for cell in cells)
