"""Benchmarks from local files, scored by the lm-evaluation-harness where it is installed."""

import importlib.util
import json

import pytest

from explorer.errors import InputError
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


def test_no_folder_is_no_suite_and_a_wrong_one_is_refused(tmp_path):
    assert suite("", 10) is None
    with pytest.raises(InputError, match="is no folder"):
        suite(str(tmp_path / "nothing"), 10)
    with pytest.raises(InputError, match=r"holds no file that is known; allowed: mmlu \(mmlu/val/\*\.csv\)"):
        suite(str(tmp_path), 10)


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
