"""The JavaScript of the app: its own tests in node, and its modules put into one text for Streamlit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from explorer.ui.widgets.component import bundle

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPTS = sorted(path for path in (ROOT / "explorer" / "ui").rglob("*.mjs") if "export default" in path.read_text())


@pytest.fixture
def node() -> str:
    """Where node is; tests that need it are skipped where it is missing."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("no node here: install Node.js to run the tests of the JavaScript")
    return path


def run(*command: object) -> str:
    outcome = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def module(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.mjs"
    path.write_text(text, "utf-8")
    return path


def test_the_modules_pass_their_own_tests(node: str) -> None:
    files = sorted(HERE.glob("*.test.mjs"))
    assert files
    run(node, "--test", *files)


def test_every_script_of_a_component_is_known() -> None:
    assert {path.stem for path in SCRIPTS} == {"map", "scatter", "link_table", "token_view", "carrier"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_one_module_that_exports_its_drawing(script: Path, node: str, tmp_path: Path) -> None:
    bundled = module(tmp_path, "bundled", bundle(script))
    code = f"import({bundled.as_uri()!r}).then((m) => console.log(typeof m.default, Object.keys(m).length))"
    assert run(node, "-e", code).split() == ["function", "1"]


MODULES = {
    "count": """
let n = 0;
export function next() {
  n++;
  return n;
}
export const name = "c";
""",
    "left": """
import { next } from "./count.mjs";

const own = 10;
export const left = own + next();
""",
    "right": """
import {
  next,
  name as its,
} from "./count.mjs";

const own = 20;
export const right = its + (own + next());
""",
    "main": """
import { left } from "./left.mjs";
import { right } from "./right.mjs";

export default () => `${left} ${right}`;
""",
}


def test_a_module_that_two_import_runs_once_and_names_do_not_collide(node: str, tmp_path: Path) -> None:
    for name, text in MODULES.items():
        module(tmp_path, name, text)
    bundled = module(tmp_path, "bundled", bundle(tmp_path / "main.mjs"))
    assert run(node, "-e", f"import({bundled.as_uri()!r}).then((m) => console.log(m.default()))") == "11 c22\n"


@pytest.mark.parametrize(
    "text",
    [
        'import { main } from "./main.mjs";\nexport const main = 1;\n',
        'import * as all from "./other.mjs";\n',
        'import { a } from "https://example.org/a.mjs";\n',
        'export { a } from "./other.mjs";\n',
        'import { other } from "./other.mjs";\n',
    ],
    ids=["itself", "namespace", "address", "again", "default of another"],
)
def test_what_cannot_be_bundled_is_refused(text: str, tmp_path: Path) -> None:
    module(tmp_path, "other", "export default 1;\n")
    with pytest.raises(ValueError, match=r"main\.mjs|other\.mjs"):
        bundle(module(tmp_path, "main", text))
