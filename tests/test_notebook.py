"""The notebook's way in is the command line's pipeline, and costs nothing until it is used."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from explorer.notebook import VERBS, Workspace


def test_importing_the_workspace_loads_nothing_heavy():
    code = "import sys; from explorer import Workspace; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "duckdb", "pyarrow", "numpy", "streamlit"} & set(loaded)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_function_of_the_pipeline(verb):
    function = getattr(import_module(f"explorer.pipeline.{VERBS[verb]}"), verb)
    assert next(iter(inspect.signature(function).parameters)) == "store"


def test_a_workspace_reads_and_selects(tmp_path):
    from tests import synthetic

    ws = Workspace(synthetic.build(tmp_path / "w").store)
    frame = ws.table("samples").df()
    assert {"sample_id", "prompt", "response", "response_tokens"} <= set(frame.columns)
    result = ws.select("longest", budget=0.1, name="long")
    assert result.rows == round(0.1 * len(frame))


def test_an_unknown_verb_names_the_ones_there_are(tmp_path):
    with pytest.raises(AttributeError, match="select"):
        Workspace.open(tmp_path / "w").frobnicate()
