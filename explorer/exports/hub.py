"""Push a bundle to a dataset repository on the Hugging Face Hub, for a user who is logged in there."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import InputError, refuse
from explorer.exports.bundle import bundle
from explorer.network import hub_is_reachable
from explorer.progress import Progress, silent
from explorer.workspace import Artifact, Store

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
LOG_IN = "hf auth login, or the variable HF_TOKEN"


@dataclass(frozen=True)
class Pushed:
    """Where the bundle went: `url` of the repository, `files` by their names in it."""

    repo: str
    url: str
    rows: int
    files: tuple[str, ...]
    private: bool


def push(
    store: Store,
    selection: Artifact,
    repo: str,
    *,
    format: str = "alpaca",
    extras: Sequence[str] = (),
    private: bool = True,
    progress: Progress = silent,
) -> Pushed:
    """Write the bundle of `selection` (data, row numbers, card, recipe) to the dataset repository `USER/NAME`.

    The repository is made where it is not there. `private` is for a new one; one that is there stays as it is.

    Raises:
        InputError: no such name, nobody is logged in, no network, or the Hub refuses.
    """
    if not _REPO.fullmatch(repo):
        refuse("a repository on the Hub is USER/NAME, of letters, digits, dot, dash and underscore", got=repo)
    import huggingface_hub as hub
    from huggingface_hub.errors import HfHubHTTPError

    if hub.get_token() is None:
        refuse("nobody is logged in to the Hugging Face Hub", allowed=LOG_IN)
    if not hub_is_reachable():
        refuse("the Hugging Face Hub cannot be reached from here", allowed="a machine with network, or --out PATH")
    api = hub.HfApi()
    with tempfile.TemporaryDirectory() as room:
        made = bundle(
            store,
            selection,
            Path(room) / "bundle",
            name=repo.split("/")[1],
            format=format,
            extras=extras,
            progress=progress,
        )
        progress("push", 0, None, repo)
        try:
            url = api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
            api.upload_folder(
                repo_id=repo,
                repo_type="dataset",
                folder_path=made.path,
                commit_message=f"{made.rows} rows chosen by SAE Data Explorer",
            )
        except (HfHubHTTPError, OSError) as error:
            said = " ".join(str(error).split())[:300]
            raise InputError(f"the Hub refused to take {repo}: {said}") from error
        progress("push", made.rows, made.rows, repo)
        return Pushed(repo, str(url), made.rows, made.files, private)
