"""Which format rows are in, found by trying each on the first of them, and shown before it is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from explorer.errors import refuse
from explorer.ingest.datamodels import ROLES, Detection, RowDropped
from explorer.ingest.formats import FORMATS, NAMES, Format
from explorer.ingest.values import Json
from explorer.records import Sample

LOOKED_AT = 200  # rows of a file that detection sees
SHOWN = 3  # samples in a preview


def detect(
    rows: Sequence[Any], *, format: str = "auto", mapping: Mapping[str, str] | None = None, where: str = "the source"
) -> Detection:
    """Say how `rows` (parsed values, at most a few hundred) would be read.

    `format` and `mapping` hold what the user fixed. Refused, naming the columns there are: rows that no format fits,
    a mapping to a column that no row has, a role that the format lacks. `where` stands in those messages.
    """
    objects = [row for row in rows if isinstance(row, dict)]
    columns = tuple(dict.fromkeys(name for row in objects for name in row))
    wanted = dict(mapping or {})
    if format != "auto" and format not in FORMATS:
        refuse(f"unknown format {format!r}", allowed=NAMES)
    _check_mapping(wanted, columns, where)
    if not objects:
        refuse(f"{where}: no row is an object with named columns", got=_short(rows[0]) if rows else "no row")
    tried = [_try(FORMATS[slug], objects, wanted, where) for slug in _candidates(format, wanted)]
    found = [one for one in tried if one is not None]
    if not found:
        _refuse_unknown(format, columns, where)
    best = max(found, key=lambda one: one.confidence)  # the first of the best: FORMATS is in order of preference
    asked = format != "auto" or bool(wanted)
    return Detection(best.format, best.mapping, best.confidence, best.evidence, columns, best.preview, asked)


def _candidates(format: str, wanted: Mapping[str, str]) -> list[str]:
    if format != "auto":
        return [format]
    if "turns" in wanted:
        return ["messages", "sharegpt"]
    return ["columns"] if wanted else FORMATS.slugs


def _check_mapping(wanted: Mapping[str, str], columns: Sequence[str], where: str) -> None:
    for role, column in wanted.items():
        if role not in ROLES:
            refuse(f"nothing can be mapped to {role!r}", allowed=ROLES)
        if columns and column not in columns:
            refuse(f"{where} has no column {column!r} (mapped to {role})", allowed=_listed(columns))


def _try(format: Format, rows: Sequence[dict[str, Any]], wanted: dict[str, str], where: str) -> Detection | None:
    surplus = [role for role in wanted if role not in format.roles]
    if surplus:
        refuse(f"format {format.slug} has no {surplus[0]!r} to map", allowed=format.roles)
    needed = ("turns",) if "turns" in format.roles else ("prompt", "response")
    whole = all(role in wanted for role in needed)
    matched = None if whole else format.match(rows)
    if not whole and wanted and matched is None and any(role in wanted for role in needed):
        missing = next(role for role in needed if role not in wanted)
        refuse(f"{where}: the mapping names no column for {missing}", allowed=", ".join(f"{r}=COL" for r in needed))
    if not whole and matched is None:
        return None
    mapping = {**(matched or {}), **wanted}
    samples: list[Sample] = []
    reasons: Counter[str] = Counter()
    for row in rows:
        try:
            samples.append(format.parse(row, mapping))
        except RowDropped as dropped:
            reasons[str(dropped)] += 1
    evidence = f"{len(samples)} of the first {len(rows)} rows make a sample"
    if reasons:
        evidence += " (" + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common(3)) + ")"
    return Detection(format.slug, mapping, len(samples) / len(rows), evidence, preview=tuple(samples[:SHOWN]))


def _refuse_unknown(format: str, columns: Sequence[str], where: str) -> NoReturn:
    problem = "cannot tell which columns are prompt and response" if format == "auto" else f"is not in format {format}"
    refuse(
        f"{where}: {problem}; it has {_listed(columns)}",
        allowed="a mapping of columns (--map prompt=COL,response=COL), or another --format "
        f"({', '.join(FORMATS.slugs)})",
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in columns[:12])
    return f"{shown} and {len(columns) - 12} more" if len(columns) > 12 else shown or "no columns"


def _short(value: Json) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else text[:57] + "..."
