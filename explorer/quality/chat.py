"""Ask an OpenAI-compatible endpoint: tries again when it is busy, gives up when nobody answers, refuses a wrong key."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from explorer.errors import InputError, refuse

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_GIVE_UP = 5  # requests in a row that reach nobody


@dataclass(frozen=True)
class Endpoint:
    """Where to ask and how patiently; the key is read from the environment and never stored."""

    url: str
    model: str
    key_env: str = "OPENAI_API_KEY"
    concurrency: int = 8
    retries: int = 4
    backoff: float = 1.0  # seconds before the first further try; doubled each time, at most 60
    timeout: float = 60.0


@dataclass(frozen=True)
class Reply:
    """The text of an answer, or None and why there is none."""

    text: str | None
    problem: str = ""


class Chat:
    """A client of one endpoint, shared between threads; made by `connect`."""

    def __init__(self, client: Any, endpoint: Endpoint) -> None:
        self._client = client
        self.endpoint = endpoint
        self._lost = 0  # a lost update between threads only delays giving up by one

    def ask(self, messages: list[dict[str, str]], *, max_tokens: int = 200) -> Reply:
        """Send `messages` at temperature 0.

        Raises:
            InputError: the endpoint refuses the key or the model, or nobody answers there.
        """
        import httpx

        end = self.endpoint
        body = {"model": end.model, "temperature": 0, "max_tokens": max_tokens, "messages": messages}
        url = f"{end.url.rstrip('/')}/chat/completions"
        problem = ""
        for attempt in range(end.retries + 1):
            wait = min(60.0, end.backoff * 2**attempt)
            if self._lost >= _GIVE_UP:
                raise InputError(f"the endpoint at {end.url} does not answer ({problem or 'unreachable'})")
            try:
                answer = self._client.post(url, json=body)
            except httpx.HTTPError as error:
                problem = "timeout" if isinstance(error, httpx.TimeoutException) else "no connection"
                self._lost += isinstance(error, httpx.ConnectError)
            else:
                self._lost = 0
                if answer.status_code in (401, 403, 404):
                    said = " ".join(answer.text.split())[:150]
                    refuse(f"{url} answers {answer.status_code} for model {end.model!r}: {said}")
                if answer.status_code == 200:
                    return _content(answer)
                problem = f"status {answer.status_code}"
                if answer.status_code not in _AGAIN:
                    break
                wait = max(wait, _retry_after(answer))
            if attempt < end.retries:
                time.sleep(wait)
        return Reply(None, problem)


@contextmanager
def connect(endpoint: Endpoint) -> Iterator[Chat]:
    """Open a client for `endpoint`; it is closed at the end of the block."""
    import httpx

    key = os.environ.get(endpoint.key_env, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=endpoint.concurrency)
    with httpx.Client(headers=headers, timeout=endpoint.timeout, limits=limits) as client:
        yield Chat(client, endpoint)


def _content(answer: Any) -> Reply:
    try:
        return Reply(str(answer.json()["choices"][0]["message"]["content"] or ""))
    except (ValueError, KeyError, IndexError, TypeError):
        return Reply(None, "the answer is not a chat completion")


def _retry_after(answer: Any) -> float:
    value = answer.headers.get("retry-after", "")
    return min(60.0, float(value)) if value.replace(".", "", 1).isdigit() else 0.0
