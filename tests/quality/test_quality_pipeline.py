from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from explorer.errors import InputError
from explorer.pipeline.score import score
from explorer.quality.base import Score
from explorer.quality.cache import Cache
from explorer.workspace import Store


class Judge:
    """A local stand-in for an OpenAI-compatible endpoint."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.answers: list[tuple[int, str]] = []  # taken first, then `reply`
        self.reply = '{"score": 4, "why": "fine"}'
        self.lock = threading.Lock()
        judge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with judge.lock:
                    judge.requests.append(body)
                    judge.paths.append(self.path)
                    judge.keys.append(self.headers.get("authorization"))
                    status, text = judge.answers.pop(0) if judge.answers else (200, judge.reply)
                payload = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args: object) -> None:
                del args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def judge() -> Iterator[Judge]:
    made = Judge()
    yield made
    made.server.shutdown()
    made.server.server_close()


def options(judge: Judge, **more: object) -> dict[str, object]:
    return {"endpoint": judge.url, "model": "some-judge", "backoff": 0.01, "concurrency": 2, **more}


def scores(store: Store, reference: str) -> list[float | None]:
    artifact = store.resolve("quality", reference)
    rows = store.sql(f"SELECT score FROM {store.scan(artifact)} ORDER BY sample_id").fetchall()
    return [value for (value,) in rows]


def test_heuristic_scores_every_sample_and_keeps_the_parts(workspace: Store) -> None:
    result = score(workspace)
    values = scores(workspace, result.artifact)
    assert (result.scorer, result.scored, result.failed) == ("heuristic", 12, 0)
    assert values[3] is not None and values[3] < 0.2 < 0.9 < min(v for i, v in enumerate(values) if i != 3 and v)
    artifact = workspace.resolve("quality", result.artifact)
    parts = workspace.sql(f"SELECT * FROM {workspace.scan(artifact, 'parts')}").columns
    assert set(parts) == {"sample_id", "repetition", "truncation", "refusal", "language", "empty"}
    assert score(workspace).existed


def test_a_second_scoring_of_the_same_texts_comes_from_the_cache(workspace: Store) -> None:
    first = score(workspace)
    workspace.discard(workspace.resolve("quality", first.artifact))
    again = score(workspace)
    assert (first.from_cache, again.from_cache) == (0, 12)


def test_a_column_is_a_scorer_and_a_missing_value_is_missing(workspace: Store) -> None:
    result = score(workspace, scorer="rating")
    values = scores(workspace, result.artifact)
    assert (result.failed, result.reasons) == (1, {"no value": 1})
    assert values[5] is None and values[4] == 2.0


def test_an_unknown_scorer_is_refused_with_the_columns_there_are(workspace: Store) -> None:
    with pytest.raises(InputError, match=r"heuristic.*llm-judge, or a numeric column: rating$"):
        score(workspace, scorer="note")


def test_a_column_without_any_number_is_refused(workspace: Store) -> None:
    with pytest.raises(InputError, match=r"gave no sample a score: not a finite number \(12\)"):
        score(workspace, scorer="column", params={"column": "note"})
    assert workspace.artifacts("quality") == []


def test_the_judge_rates_and_equal_content_is_asked_once(workspace: Store, judge: Judge, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    result = score(workspace, scorer="llm-judge", params=options(judge))
    assert set(scores(workspace, result.artifact)) == {4.0}
    assert len(judge.requests) == 11, "two samples are the same"
    assert set(judge.paths) == {"/v1/chat/completions"} and set(judge.keys) == {"Bearer secret-key"}
    manifest = (workspace.resolve("quality", result.artifact).path / "manifest.json").read_text()
    assert "secret-key" not in manifest


@pytest.mark.parametrize("reply", ["I cannot say.", '{"score": 9}', '{"score": true}', "", "5/7 maybe"])
def test_an_answer_without_a_usable_number_is_missing_never_a_default(
    workspace: Store, judge: Judge, reply: str
) -> None:
    judge.answers = [(200, reply)]
    result = score(workspace, scorer="llm-judge", params=options(judge, concurrency=1))
    assert (result.scored, result.failed) == (11, 1)
    assert scores(workspace, result.artifact)[0] is None


@pytest.mark.parametrize("reply", ['```json\n{"score": 2, "why": "x"}\n```', "Score: 2", '{"score": "2"}'])
def test_a_number_in_other_wrapping_is_read(workspace: Store, judge: Judge, reply: str) -> None:
    judge.reply = reply
    assert score(workspace, scorer="llm-judge", params=options(judge)).mean == 2.0


def test_busy_answers_are_tried_again(workspace: Store, judge: Judge) -> None:
    judge.answers = [(503, ""), (429, ""), (500, "")]
    result = score(workspace, scorer="llm-judge", params=options(judge))
    assert (result.failed, len(judge.requests)) == (0, 14)


def test_only_failed_samples_are_asked_again_and_the_old_score_stays(workspace: Store, judge: Judge) -> None:
    judge.answers = [(503, "")]
    first = score(workspace, scorer="llm-judge", params=options(judge, retries=0, concurrency=1))
    second = score(workspace, scorer="llm-judge", params=options(judge))
    third = score(workspace, scorer="llm-judge", params=options(judge))
    assert (first.failed, second.failed, len(judge.requests)) == (1, 0, 12)
    assert second.artifact != first.artifact and third.artifact == second.artifact and third.existed


def test_a_refused_key_stops_the_run_in_one_line_and_nothing_is_written(workspace: Store, judge: Judge) -> None:
    judge.answers = [(401, "bad key")] * 50
    with pytest.raises(InputError, match="401") as caught:
        score(workspace, scorer="llm-judge", params=options(judge))
    assert "\n" not in str(caught.value) and workspace.artifacts("quality") == []


def test_an_endpoint_that_nobody_answers_at_stops_the_run(workspace: Store) -> None:
    params = {"endpoint": "http://127.0.0.1:9/v1", "model": "m", "backoff": 0.0, "retries": 9}
    with pytest.raises(InputError, match="does not answer"):
        score(workspace, scorer="llm-judge", params=params)


def test_text_of_the_dataset_is_fenced_in_the_request(workspace: Store, judge: Judge) -> None:
    score(workspace, scorer="llm-judge", params=options(judge))
    roles = [message["role"] for message in judge.requests[0]["messages"]]
    assert roles == ["system", "user"] and judge.requests[0]["temperature"] == 0
    assert "----- RESPONSE -----" in judge.requests[0]["messages"][1]["content"]


@pytest.mark.parametrize("params", [{}, {"endpoint": "ftp://x", "model": "m"}, {"endpoint": "http://x"}])
def test_a_judge_without_address_or_model_is_refused(workspace: Store, params: dict) -> None:
    with pytest.raises(InputError, match="llm-judge"):
        score(workspace, scorer="llm-judge", params=params)


def test_a_cache_never_shows_half_a_file_and_forgets_failures(tmp_path) -> None:
    cache = Cache(tmp_path, "some", 1, {"a": 1})
    cache.keep(["x", "y"], [Score(0.5, {"p": 1.0}), Score.failed("no")])
    (cache.folder / "half.tmp").write_bytes(b"PAR1")
    assert cache.load() == {"x": Score(0.5, {"p": 1.0})}
    assert Cache(tmp_path, "some", 1, {"a": 2}).load() == {}
    assert Cache(tmp_path, "some", 2, {"a": 1}).load() == {}
