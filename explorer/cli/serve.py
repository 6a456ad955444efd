"""Verbs that start the app and build the demo: serve, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import JsonOption, ProgressOption
from explorer.cli.output import emit, progress_printer
from explorer.errors import refuse

ROOT = Path(__file__).parents[2]


def serve(
    workspace: Annotated[
        str, typer.Option("-w", "--workspace", help="The workspace, or a new folder; the bundled demo by default.")
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Start the app in the browser."""
    import os
    import sys

    from explorer.pipeline.demo import WORKSPACE
    from explorer.workspace import Store

    _check(host, port)
    folder = Path(workspace) if workspace else WORKSPACE
    if not Store.is_free(folder):  # on an empty folder the app starts with importing a dataset
        Store.open(folder)
    headless = "false" if browser and sys.stdout.isatty() else "true"
    options = ["--server.address", host, "--server.port", str(port), "--server.headless", headless]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), *options]
    os.execv(sys.executable, [*command, "--", "--workspace", str(folder.resolve())])


def _check(host: str, port: int) -> None:
    """Raise an error for a port that cannot be used, before Streamlit starts."""
    import socket

    if not 1 <= port <= 65_535:
        refuse("serve: --port is not a valid port", got=port, allowed="1 to 65535")
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        refuse(f"serve: cannot listen on {host}:{port} ({error.strerror or error})", allowed="a free --port")


def demo(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the workspace again from its rows.")] = False,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Show or rebuild the bundled demo workspace. It is built from `data/demo/demo.jsonl`."""
    from explorer.pipeline.demo import demo as run

    emit(run(rebuild=rebuild, progress=progress_printer(progress)), as_json=json)


VERBS = (serve, demo)
