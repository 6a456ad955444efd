"""Registry of the embedding methods."""

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
    """Look up the method called `name`, and the parameters that the name implies.

    An unregistered name that is a folder or looks like a Hub id (`owner/model`) means that sentence model.
    """
    if name not in EMBEDDINGS and (Path(name).is_dir() or "/" in name):
        return EMBEDDINGS[Sentence.slug], {"model": name}
    return EMBEDDINGS[name], {}
