"""Labels from elsewhere: Neuronpedia's exports and a language model, with where each is from."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from explorer.errors import InputError
from explorer.features import neuronpedia
from explorer.features.llm_labels import marked, parse_label, parse_match
from explorer.features.naming import Context
from explorer.pipeline.label import label
from explorer.queries.features import all_labels
from explorer.workspace import Snapshot
from tests.synthetic import build


@pytest.fixture
def store(tmp_path):
    return build(tmp_path / "workspace", samples=60, hostile=False).store


def export(index, text, **more):
    return {"modelId": "gpt2-small", "layer": "8-res-jb", "index": str(index), "description": text, **more}


def test_exports_are_read_as_array_lines_gzip_and_folder(tmp_path):
    rows = [export(0, "first"), export(3, " spaced  out "), export(4, "")]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = tmp_path / "explanations"
    folder.mkdir()
    (folder / "batch-0.jsonl.gz").write_bytes(gzip.compress((tmp_path / "b.jsonl").read_bytes()))
    for source in (tmp_path / "a.json", tmp_path / "b.jsonl", folder):
        found = neuronpedia.load(str(source), neuronpedia_id="gpt2-small/8-res-jb", width=10)
        assert {i: one.text for i, one in found.items()} == {0: "first", 3: "spaced out"}


def test_of_several_explanations_the_best_scored_stays(tmp_path):
    file = tmp_path / "e.json"
    file.write_text(
        json.dumps([export(1, "good", scores=[{"value": 0.9}]), export(1, "poor", scores=[{"value": 0.2}])])
    )
    assert neuronpedia.load(str(file), neuronpedia_id=None, width=5)[1] == neuronpedia.Explanation(1, "good", 0.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no explanation"),
        ("not json", "neither a JSON array"),
        ("[1]", "an object"),
        ('[{"description": "x"}]', "index"),
        ('[{"index": 99, "description": "x"}]', "no such feature"),
        ('[{"modelId": "a", "layer": "b", "index": 0, "description": "x"}]', "another SAE"),
    ],
)
def test_a_broken_or_foreign_export_is_refused_in_one_line(tmp_path, text, said):
    file = tmp_path / "e.json"
    file.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        neuronpedia.load(str(file), neuronpedia_id="gpt2-small/8-res-jb", width=5)
    assert "\n" not in str(caught.value)


def test_an_sae_without_an_id_has_no_api_and_a_missing_file_is_said(tmp_path):
    for source in ("api", str(tmp_path / "none.json")):
        with pytest.raises(InputError):
            neuronpedia.load(source, neuronpedia_id=None, width=5)


class Served:
    """A local stand-in: GET serves `files`, POST answers chat requests by `answer`."""

    def __init__(self):
        self.files, self.requests, self.answer = {}, [], lambda body: "{}"
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._send(*((200, served.files[self.path]) if self.path in served.files else (403, b"")))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                served.requests.append(body)
                text = served.answer(body)
                self._send(*text if isinstance(text, tuple) else (200, chat(text)))

            def _send(self, status, payload):
                self.send_response(status)
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def chat(text):
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


@pytest.fixture
def served():
    made = Served()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_explanations_come_from_the_export_bucket_batch_by_batch(served, monkeypatch):
    for number in range(2):
        rows = json.dumps(export(number, f"text {number}")).encode() + b"\n"
        served.files[f"/gpt2-small/8-res-jb/explanations/batch-{number}.jsonl.gz"] = gzip.compress(rows)
    monkeypatch.setenv(neuronpedia.MIRROR_VARIABLE, served.url)
    found = neuronpedia.load("api", neuronpedia_id="gpt2-small/8-res-jb", width=5)
    assert {i: one.text for i, one in found.items()} == {0: "text 0", 1: "text 1"}
    with pytest.raises(InputError, match="no export"):
        neuronpedia.load("gpt2-small/none", neuronpedia_id=None, width=5)


def test_an_imported_label_is_shown_with_its_source_and_the_local_one_is_kept(store, tmp_path):
    file = tmp_path / "e.json"
    file.write_text(json.dumps([{"index": 2, "description": "suitcases", "explanationModelName": "gpt-4o-mini"}]))
    result = label(store, neuronpedia=str(file))
    assert result.by_source["neuronpedia"] == 1
    first, second = all_labels(Snapshot.newest(store), 2)
    assert (first["source"], first["label"], first["by"]) == ("neuronpedia", "suitcases", "gpt-4o-mini")
    assert second["source"] == "local"
    assert label(store, neuronpedia=str(file)).existed


def test_an_llm_writes_labels_that_are_scored_and_asked_for_once(store, served):
    def answer(body):
        if '"match"' not in body["messages"][0]["content"]:
            return '{"label": "things to pack"}'
        listed = body["messages"][1]["content"].splitlines()[2:]
        return json.dumps({"match": list(range(1, 1 + len(listed) // 2))})

    served.answer = answer
    result = label(store, llm=f"{served.url}/v1", llm_model="tester", llm_features=6)
    assert result.by_source["llm"] == 6 and not result.failed
    rows = store.sql(
        f"SELECT * FROM {store.scan(Snapshot.newest(store).require('features'), 'labels')} WHERE source = 'llm'"
    ).fetchall()
    assert len(rows) == 6 and all(0 <= score <= 1 for *_, score, _ in rows)
    asked = len(served.requests)
    assert label(store, llm=f"{served.url}/v1", llm_model="tester", llm_features=6).existed
    assert len(served.requests) == asked


def test_a_broken_answer_leaves_the_local_label_and_is_counted(store, served):
    served.answer = lambda body: "I would rather not."
    result = label(store, llm=f"{served.url}/v1", llm_model="tester", llm_features=4)
    assert result.failed == {"LLM label: the answer holds no label": 4}
    assert result.by_source.keys() == {"local"}


def test_a_wrong_key_and_a_missing_model_name_are_refused(store, served):
    served.answer = lambda body: (401, b"no such key")
    with pytest.raises(InputError, match="401"):
        label(store, llm=f"{served.url}/v1", llm_model="tester", llm_features=2)
    with pytest.raises(InputError, match="--llm-model"):
        label(store, llm=f"{served.url}/v1")
    with pytest.raises(InputError, match="http"):
        label(store, llm="ftp://x", llm_model="tester")


def test_answers_are_read_with_care():
    assert parse_label('Sure: {"label": "two  words"}') == "two words"
    assert parse_label("no json") == "" and parse_label('{"label": 3}') == ""
    assert parse_match('{"match": [1, "2"]}') == {1, 2}
    assert parse_match('{"match": "x"}') is None and parse_match("none") is None


def test_active_tokens_are_marked():
    context = Context([" a", " big", " beach", " day"], 2)
    assert marked(context, [0.0, 3.0, 6.0, 1.0]) == "a «big beach» day"
