"""Tokenise a sample with the model's chat template and mark which tokens are prompt and which are response.

Template and special tokens are neither: they are never counted, since every sample has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TEMPLATE, PROMPT, RESPONSE = 0, 1, 2
SEGMENT_NAMES = {PROMPT: "prompt", RESPONSE: "response"}
TURN = " ⏐ "
Turn = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """One tokenised sample: `ids` int32 [T] and `segment` int8 [T] (0 template, 1 prompt, 2 response).

    `text` is the rendered text before truncation; `offsets` int32 [T, 2] are each token's first and last + 1 character.
    """

    ids: NDArray[np.int32]
    segment: NDArray[np.int8]
    truncated: bool
    text: str
    offsets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def texts(self) -> list[str]:
        """Text of each token; joined, they give the original. Of tokens that share a character, the first has it."""
        pieces, end = [], 0
        for low, high in self.offsets.tolist():
            pieces.append(self.text[max(low, end) : high] if high > end else "")
            end = max(end, high)
        return pieces

    def content_texts(self) -> list[str]:
        """Text of each token with the template's removed: one `TURN` mark stands between two contents."""
        pieces, content = self.texts(), np.flatnonzero(self.segment != TEMPLATE)
        template = np.flatnonzero(self.segment == TEMPLATE)
        for i in template.tolist():
            pieces[i] = ""
        for i in content[:-1][np.diff(content) > 1].tolist():
            pieces[i + 1] = TURN
        return pieces


def lay_out(
    tokenizer: Any,
    conversations: Sequence[Sequence[Turn]],
    *,
    max_tokens: int,
    prepend_bos: bool = True,
) -> list[Layout]:
    """Tokenise `conversations` (each a list of (role, content)) and truncate each to `max_tokens` tokens.

    For a model without a chat template, contents are joined by blank lines. `prepend_bos` puts the start-of-sequence
    token first where the text does not begin with it.

    Raises:
        ValueError: the chat template changes a content, so that its tokens cannot be identified.
    """
    rendered = [render(tokenizer, turns, prepend_bos=prepend_bos) for turns in conversations]
    encoded = tokenizer(
        [text for text, _ in rendered],
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    layouts = []
    columns = zip(rendered, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    for (text, spans), ids, character_ranges in columns:
        offsets = np.asarray(character_ranges[:max_tokens], dtype=np.int32).reshape(-1, 2)
        layouts.append(
            Layout(
                ids=np.asarray(ids[:max_tokens], dtype=np.int32),
                segment=_segments(offsets, spans),
                truncated=len(ids) > max_tokens,
                text=text,
                offsets=offsets,
            )
        )
    return layouts


def render(
    tokenizer: Any,
    turns: Iterable[Turn],
    *,
    prepend_bos: bool = True,
    generation_prompt: bool = False,
) -> tuple[str, list[tuple[int, int, int]]]:
    """Render the text that the model reads, with the (start, end, PROMPT or RESPONSE) of each content in characters."""
    turns = [(role, content) for role, content in turns if content]
    if tokenizer.chat_template:
        text = _render_chat(tokenizer, turns, generation_prompt)
        spans = _find_spans(text, turns, _frame(tokenizer, turns, generation_prompt))
    else:
        text = "\n\n".join(content for _, content in turns) + ("\n\n" if generation_prompt else "")
        spans = _find_spans(text, turns, ["", *["\n\n"] * (len(turns) - 1), "\n\n" if generation_prompt else ""])
    start_token = tokenizer.bos_token
    if start_token and prepend_bos and not text.startswith(start_token):
        return start_token + text, [(a + len(start_token), b + len(start_token), code) for a, b, code in spans]
    return text, spans


def _render_chat(tokenizer: Any, turns: list[Turn], generation_prompt: bool) -> str:
    from jinja2.exceptions import TemplateError

    def apply(messages: list[Turn]) -> str:
        chat = [{"role": role, "content": content} for role, content in messages]
        return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=generation_prompt)

    try:
        return apply(turns)
    except TemplateError:
        # Templates such as Gemma's have no system role and require roles to alternate.
        return apply(_alternating(turns))


def _alternating(turns: list[Turn]) -> list[Turn]:
    """Merge system turns into the user turn after them, and adjacent turns of one role into one."""
    merged: list[Turn] = []
    for role, content in turns:
        role = "user" if role == "system" else role
        if merged and merged[-1][0] == role:
            merged[-1] = (role, f"{merged[-1][1]}\n\n{content}")
        else:
            merged.append((role, content))
    return merged


def _frame(tokenizer: Any, turns: list[Turn], generation_prompt: bool) -> list[str]:
    """The template's own text before, between and after the contents, found by rendering placeholders for them."""
    placeholders = [(role, f"\ue000{number}\ue001") for number, (role, _) in enumerate(turns)]
    rest, pieces = _render_chat(tokenizer, placeholders, generation_prompt), []
    for _, placeholder in placeholders:
        piece, separator, rest = rest.partition(placeholder)
        if not separator:
            raise ValueError("the chat template omits a turn; its tokens cannot be identified")
        pieces.append(piece)
    return [*pieces, rest]


def _find_spans(text: str, turns: list[Turn], frame: list[str]) -> list[tuple[int, int, int]]:
    """Locate the contents in `text`, unchanged or stripped, between the pieces of the template's frame."""
    for contents in ([content for _, content in turns], [content.strip() for _, content in turns]):
        spans, filled = [], frame[0]
        for (role, _), content, piece in zip(turns, contents, frame[1:], strict=True):
            code = RESPONSE if role == "assistant" else PROMPT
            spans.append((len(filled), len(filled) + len(content), code))
            filled += content + piece
        if filled == text:
            return spans
    spans, cursor = [], 0
    for (role, content), piece in zip(turns, frame, strict=False):  # the frame depends on the contents
        start = text.find(content.strip(), text.find(piece.strip(), cursor) + len(piece.strip()))
        if start < 0:
            raise ValueError(f"the chat template changes the text of the {role} turn; its tokens cannot be identified")
        cursor = start + len(content.strip())
        spans.append((start, cursor, RESPONSE if role == "assistant" else PROMPT))
    return spans


def _segments(offsets: NDArray[np.int32], spans: list[tuple[int, int, int]]) -> NDArray[np.int8]:
    """Segment of each token, given by the content that its characters overlap; special tokens overlap none."""
    segment = np.zeros(len(offsets), dtype=np.int8)
    for start, end, code in spans:
        segment[(offsets[:, 0] < end) & (offsets[:, 1] > start)] = code
    return segment
