from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import InputError
from explorer.quality.base import Item, Score
from explorer.quality.scorers import SCORERS

WORDS = ["[UNK]", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz", *"bread rises because of yeast why dough".split()]


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="[UNK]", bos_token="<s>", eos_token="</s>")
    made.pad_token = "</s>"
    made.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny_lm(tokenizer_folder: Path) -> str:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(tokenizer_folder)
    return str(tokenizer_folder)


ITEMS = [
    Item("1", "why bread rises", "because of yeast"),
    Item("2", "why dough", "because bread rises of dough yeast bread rises because of yeast"),
    Item("3", "a b c", "d"),
    Item("4", "a b c", ""),
]


def run(slug: str, items: list[Item], **params: object) -> list[Score]:
    scorer = SCORERS[slug]
    with scorer.session(scorer.Params(**params)) as scoring:
        return scoring(items)


def reference_loss(folder: str, prefix: str, response: str) -> float:
    """Mean loss of the response tokens, one token at a time."""
    import torch

    from explorer.lm.model import load_model

    loaded = load_model(folder, device="cpu")
    ids = loaded.tokenizer(f"<s> {prefix} {response}", add_special_tokens=False)["input_ids"]
    first = len(ids) - len(response.split())
    losses = []
    for place in range(first, len(ids)):
        logits = loaded.model(torch.tensor([ids[:place]])).logits[0, -1].float()
        losses.append(-float(torch.log_softmax(logits, -1)[ids[place]]))
    return float(np.mean(losses))


def test_perplexity_and_ifd_equal_a_token_by_token_reference(tiny_lm: str) -> None:
    found = run("perplexity", ITEMS, model=tiny_lm, device="cpu", batch_tokens=64)
    difficulty = run("ifd", ITEMS, model=tiny_lm, device="cpu", batch_tokens=64)
    for item, ppl, ifd in list(zip(ITEMS, found, difficulty, strict=True))[:3]:
        given, alone = (reference_loss(tiny_lm, prefix, item.response) for prefix in (item.prompt, ""))
        assert ppl.parts["loss"] == pytest.approx(given, abs=0.02)
        assert ppl.value == pytest.approx(math.exp(-ppl.parts["loss"]))
        assert ifd.value == pytest.approx(math.exp(given - alone), rel=0.03)


def test_scores_do_not_depend_on_the_batch(tiny_lm: str) -> None:
    together = run("perplexity", ITEMS, model=tiny_lm, device="cpu", batch_tokens=4096)
    single = [run("perplexity", [item], model=tiny_lm, device="cpu")[0] for item in ITEMS]
    for one, other in list(zip(together, single, strict=True))[:3]:
        assert one.value == pytest.approx(other.value, rel=0.02)


def test_an_empty_response_has_no_loss_and_is_missing(tiny_lm: str) -> None:
    for slug in ("perplexity", "ifd"):
        assert run(slug, ITEMS, model=tiny_lm, device="cpu")[3] == Score.failed("no response token")


@pytest.fixture(scope="module", params=[1, 3])
def tiny_classifier(request, tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int]:
    import shutil

    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    folder = tmp_path_factory.mktemp(f"reward{request.param}")
    for file in tokenizer_folder.glob("*token*"):
        shutil.copy(file, folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=2,
    )
    config.num_labels = request.param
    LlamaForSequenceClassification(config).save_pretrained(folder)
    return str(folder), request.param


def test_a_reward_model_gives_a_probability_that_does_not_depend_on_the_batch(tiny_classifier: tuple[str, int]) -> None:
    folder, labels = tiny_classifier
    options = {"model": folder, "device": "cpu", "label": labels - 1}
    together = run("reward-model", ITEMS, batch_size=4, **options)
    single = run("reward-model", ITEMS, batch_size=1, **options)
    assert all(score.value is not None and 0 < score.value < 1 for score in together)
    for one, other in zip(together, single, strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-4)


def test_a_label_that_the_reward_model_lacks_is_refused(tiny_classifier: tuple[str, int]) -> None:
    folder, labels = tiny_classifier
    with pytest.raises(InputError, match="label out of range"):
        run("reward-model", ITEMS, model=folder, device="cpu", label=labels)


def test_a_model_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    for slug in ("reward-model", "perplexity"):
        with pytest.raises(InputError) as caught:
            run(slug, ITEMS, model=str(tmp_path / "nothing"), device="cpu")
        assert "\n" not in str(caught.value)
