"""Benchmarks from local files, scored by the lm-evaluation-harness where it is installed."""

import importlib.util
import json
from pathlib import Path

import pytest

from explorer.errors import InputError
from explorer.evaluate import ifeval
from explorer.evaluate.benchmarks import suite
from explorer.lm.model import load_model
from tests import tiny

installed = importlib.util.find_spec("lm_eval") is not None


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "eval"
    (place / "mmlu" / "val").mkdir(parents=True)
    arc = {"question": "Which is a fox?", "choices": {"text": ["dog", "fox"], "label": ["A", "B"]}, "answerKey": "B"}
    (place / "arc_easy_val.jsonl").write_text("\n".join(json.dumps({"id": str(i), **arc}) for i in range(3)))
    (place / "mmlu" / "val" / "algebra_val.csv").write_text('What is 1+1?,1,2,3,None,B\n"Paris, where?",a,b,c,d,A\n')
    swag = {"activity_label": "Run", "ctx": "A boy", "endings": ["runs", "flies", "x", "y"], "label": "0"}
    (place / "hellaswag_val_1000.jsonl").write_text(json.dumps(swag))
    header = "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source"
    (place / "TruthfulQA.csv").write_text(f"{header}\nA,B,Is it?,Yes,Yes; Sure,No; Never,web\n")
    (place / "gsm8k_test.jsonl").write_text(json.dumps({"question": "1+1?", "answer": "It is 2\n#### 2"}))
    return place


def put_ifeval(place: Path) -> None:
    """Two items of IFEval: one that any model obeys whose answer holds no comma, one with every kind of value."""
    plain = {"key": 1, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    both = {
        "key": 2,
        "prompt": "At least 99 sentences in capitals.",
        "instruction_id_list": ["length_constraints:number_sentences", "change_case:capital_word_frequency"],
        "kwargs": [
            {"relation": "at least", "num_sentences": 99},
            {"capital_relation": "at least", "capital_frequency": 99},
        ],
    }
    (place / "ifeval_input_data.jsonl").write_text("\n".join(json.dumps(row) for row in (plain, both)))


def test_no_folder_is_no_suite_and_a_wrong_one_is_refused(tmp_path):
    assert suite("", 10) is None
    with pytest.raises(InputError, match="is no folder"):
        suite(str(tmp_path / "nothing"), 10)
    with pytest.raises(InputError, match=r"holds no file of any benchmark; allowed: mmlu \(mmlu/val/\*\.csv\)"):
        suite(str(tmp_path), 10)


def test_only_the_benchmarks_that_are_wanted_and_there_are_taken(folder, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert [one.slug for one in suite(str(folder), 5, ["gsm8k", "mmlu"]).found] == ["mmlu", "gsm8k"]
    with pytest.raises(InputError, match="holds no file of ifeval"):
        suite(str(folder), 5, ["mmlu", "ifeval"])
    with pytest.raises(InputError, match="unknown benchmark; got 'iq'; allowed: mmlu"):
        suite(str(folder), 5, ["iq"])


def test_what_ifeval_lacks_is_said_with_the_command_and_how_to_leave_it_out(folder, monkeypatch):
    put_ifeval(folder)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "langdetect" else name)
    with pytest.raises(InputError, match=r"needs the packages langdetect; install it: .*leave it out.*mmlu,hellaswag"):
        suite(str(folder), 5)
    assert "ifeval" not in [one.slug for one in suite(str(folder), 5, ["gsm8k", "mmlu"]).found]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    pytest.importorskip("nltk")
    monkeypatch.setattr("nltk.data.path", [])
    with pytest.raises(InputError, match=r"needs nltk's data punkt_tab; install it: pip install .*punkt_tab"):
        suite(str(folder), 5, ["ifeval"])


@pytest.mark.skipif(installed, reason="the harness is installed")
def test_without_the_harness_the_command_that_installs_it_is_said(folder):
    with pytest.raises(InputError, match="pip install lm-eval"):
        suite(str(folder), 10)


@pytest.mark.skipif(not installed, reason="pip install lm-eval==0.4.13")
def test_every_item_is_right_or_wrong(folder, tmp_path):
    found = suite(str(folder), 2)
    assert found is not None
    scores = found.score(load_model(str(tiny.save_model(tmp_path / "model")), dtype="float32", device="cpu"))
    sizes = {"mmlu": 2, "hellaswag": 1, "arc_easy": 2, "truthfulqa": 1, "gsm8k": 1}
    assert {slug: len(items) for slug, items in scores.items()} == sizes
    assert all(value in (0.0, 1.0) for items in scores.values() for value in items)


@pytest.mark.skipif(not installed or bool(ifeval.missing()), reason=ifeval.INSTALL)
def test_ifeval_judges_whole_prompts(folder, tmp_path):
    put_ifeval(folder)
    rows = [json.loads(line) for line in (folder / "ifeval_input_data.jsonl").read_text().splitlines()]
    assert ifeval.judged(rows[0], ["A fox and a dog."]) == {ifeval.METRIC: True}
    assert ifeval.judged(rows[0], ["A fox, a dog."]) == {ifeval.METRIC: False}
    assert ifeval.judged(rows[1], ["YES. " * 99]) == {ifeval.METRIC: True}
    assert ifeval.judged(rows[1], ["YES. " * 98]) == {ifeval.METRIC: False}
    found = suite(str(folder), 2, ["ifeval"])
    assert found is not None
    scores = found.score(load_model(str(tiny.save_model(tmp_path / "model")), dtype="float32", device="cpu"))
    assert len(scores["ifeval"]) == 2 and scores["ifeval"][1] == 0.0
