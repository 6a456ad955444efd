"""`compare --report` writes the Compare page as one file."""

import re

import pytest

from tests.synthetic import build


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return build(tmp_path_factory.mktemp("compare") / "workspace", samples=90).store


def test_the_report_holds_the_answer_the_plots_and_every_selection(explorer, workspace, tmp_path):
    target = tmp_path / "comparison.html"
    names = [run.id for run in workspace.artifacts("selections")]
    said = explorer("compare", *names, "-w", workspace.path, "--seeds", "2", "--report", target, "--json").json
    assert said["report"] == str(target) and len(said["runs"]) == len(names)
    text = target.read_text("utf-8")
    assert "covers" in text and re.search(r"rows? (is|are) in all", text)
    assert all(name in text for name in names)
    for shown in ("Coverage by number of rows", "Rows by combination of selections", "Clusters", "Numbers"):
        assert shown in text
    assert 'src="http' not in text and "<script src" not in text


def test_text_gives_a_line_for_each_selection_and_each_pair(explorer, workspace):
    runs = workspace.artifacts("selections")[:2]
    lines = explorer("compare", *(run.id for run in runs), "-w", workspace.path).out.splitlines()
    assert lines[0].split()[:3] == ["selection", "method", "rows"] and len(lines) == 4
    assert all(run.manifest.name in line for run, line in zip(runs, lines[1:], strict=False)) and "share" in lines[3]


def test_text_of_length_is_short_and_ends_with_what_it_means(explorer, workspace):
    said = explorer("length", "-w", workspace.path).out
    assert "Pearson" in said and max(map(len, said.splitlines()[:4])) < 100 and len(said) < 4000


def test_a_report_that_is_there_is_not_replaced_unasked(explorer, workspace, tmp_path):
    target = tmp_path / "comparison.html"
    target.write_text("mine", "utf-8")
    name = workspace.artifacts("selections")[0].id
    refused = explorer("compare", name, "-w", workspace.path, "--report", target)
    assert refused.code == 2 and "exists already" in refused.err
    assert target.read_text("utf-8") == "mine"
    assert explorer("compare", name, "-w", workspace.path, "--report", target, "--overwrite").code == 0
    assert "What differs between these selections?" in target.read_text("utf-8")
