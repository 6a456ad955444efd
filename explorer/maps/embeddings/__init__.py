"""The embedding methods that exist, in one list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from explorer.maps.embeddings.base import Embedding, Inputs, Text
from explorer.maps.embeddings.lm_mean import LmMean
from explorer.maps.embeddings.sae_tfidf import SaeTfidf
from explorer.maps.embeddings.sentence import Sentence
from explorer.registry import Registry

EMBEDDINGS: Registry[Embedding] = Registry("embedding method", [LmMean(), SaeTfidf(), Sentence()])

__all__ = ["EMBEDDINGS", "Embedding", "Inputs", "Text", "resolve"]


def resolve(name: str) -> tuple[Embedding, dict[str, Any]]:
    """Find the method meant by `name`, and the parameters that the name itself sets.

    A name that is not in the list but is a folder or looks like a Hub id (`owner/model`) means that sentence model.
    """
    if name not in EMBEDDINGS and (Path(name).is_dir() or "/" in name):
        return EMBEDDINGS[Sentence.slug], {"model": name}
    return EMBEDDINGS[name], {}
