"""Runs the command line in this process: exit code, standard output, standard error."""

import sys
from dataclasses import dataclass

import pytest


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        import json

        return json.loads(self.out)


@pytest.fixture
def explorer(monkeypatch, capsys):
    from explorer.cli import _run

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["explorer", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return call
