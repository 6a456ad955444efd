"""The command line: `python -m explorer VERB`. One function of `explorer.pipeline` behind each verb.

Exit codes: 0 done, 1 internal error, 2 bad input (one line), 130 interrupted (finished work is kept).
"""

from __future__ import annotations

import os
import sys

import typer

from explorer.cli import choose, data, describe, model, serve, train
from explorer.cli.options import spread

app = typer.Typer(
    name="explorer",
    help="Choose instruction-tuning data by the features a language model sees in it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (data, model, describe, choose, train, serve):
    for function in group.VERBS:
        app.command(function.__name__.replace("_", "-"))(spread(function))


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(_run())


def _run() -> int:
    from explorer.errors import ExplorerError

    os.environ.setdefault("TQDM_DISABLE", "1")  # progress bars of libraries; ours is in explorer.cli.output
    try:
        return int(app(standalone_mode=False) or 0)
    except ExplorerError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted; finished work is kept, run the same command again to resume", 130)
    except BrokenPipeError:
        return 1
    except Exception as error:
        usage = _usage_message(error)
        if usage is not None:
            return _fail(usage, 2)
        raise


def _usage_message(error: Exception) -> str | None:
    """The message of an invalid option or argument, whichever copy of click raised it."""
    if type(error).__name__ == "Abort":
        return "stopped"
    format_message = getattr(error, "format_message", None)
    if format_message is None or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    where = f"{context.command_path}: " if context is not None else ""
    help_hint = f" (see {context.command_path} --help)" if context is not None else ""
    return f"{where}{format_message()}{help_hint}"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"error: {' '.join(message.split())}\n" if code != 130 else f"{message}\n")
    return code
