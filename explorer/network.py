"""Whether the Hugging Face hub can be asked, so that a machine without network gets an answer at once."""

from __future__ import annotations

import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit


def hub_is_reachable() -> bool:
    """Whether the hub's name is known here: without, its client would retry for half a minute."""
    import huggingface_hub.constants as hub

    if urllib.request.getproxies():
        return True  # the proxy resolves names
    try:
        socket.getaddrinfo(urlsplit(hub.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True


@contextmanager
def hub_if_reachable() -> Iterator[None]:
    """Inside, the hub's clients use only what they fetched before where it cannot be reached (HF_HUB_OFFLINE)."""
    import huggingface_hub.constants as hub

    if hub_is_reachable():
        yield
        return
    switches: list[Any] = [hub]
    if "datasets.config" in sys.modules:
        switches.append(sys.modules["datasets.config"])
    before = [module.HF_HUB_OFFLINE for module in switches]
    for module in switches:
        module.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for module, value in zip(switches, before, strict=True):
            module.HF_HUB_OFFLINE = value
