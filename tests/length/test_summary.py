"""The sentences are right on data made so that the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.length.fits import Outliers
from explorer.length.statistics import Estimate, Groups, correlations
from explorer.length.summary import outlier_text, strength, warnings
from explorer.pipeline.length import length
from tests.length.workspaces import made_up

MINUS = "\N{MINUS SIGN}"


def test_length_that_matters_largely_determines_the_count(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters"))
    assert "response length largely determines how many features the response activates: r = " in result.summary
    assert "The correlation is not an artefact of mixing groups: r is " in result.summary
    assert result.warnings == []


def test_length_that_stands_for_the_source_is_reported_as_mixing(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "proxy"))
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("Much of the correlation comes from mixing sources, not from length itself: ")
    assert result.warnings[0] in result.summary and "artefact" not in result.summary


def test_a_sign_that_reverses_within_sources_is_simpsons_paradox(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "reversed"))
    assert "The sign of r reverses within sources (Simpson's paradox): r is " in result.summary


def test_noise_does_not_predict_the_count(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "noise"))
    assert "response length does not predict how many features the response activates" in result.summary
    assert "artefact" not in result.summary and result.warnings == []


def test_a_weak_correlation_that_vanishes_within_groups_is_not_called_genuine(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "weak proxy"))
    r, partial = result.pearson, result.partial["source"]["pearson"]
    assert r is not None and partial is not None and 0.1 < r < 0.3 and abs(partial) < 0.5 * r
    assert result.warnings == [] and "artefact" not in result.summary
    numbers = [f"{value:.2f}".replace("-", MINUS) for value in (partial, r)]
    assert f"R is {numbers[0]} given the source, and {numbers[1]} overall." in result.summary


def test_the_summary_leads_from_outliers_to_the_relation_that_they_hide(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters", poor=40))
    assert "40 long responses have far fewer features than the trend predicts for their length" in result.summary
    assert "Without these outliers (10.0% of the rows), r is " in result.summary
    assert "Among the rows that are not outliers, the correlation is not an artefact" in result.summary


@pytest.mark.parametrize(
    ("r", "verb"),
    [
        ((0.95, 0.93, 0.96), "largely determines"),
        ((-0.8, -0.9, -0.7), "strongly predicts"),
        ((0.5, 0.4, 0.6), "partly predicts"),
        ((0.2, 0.1, 0.3), "weakly predicts"),
        ((0.05, 0.02, 0.08), "does not predict"),
        ((0.4, -0.1, 0.8), "does not predict"),
    ],
)
def test_the_verb_follows_the_size_of_r_and_its_interval(r: tuple[float, float, float], verb: str) -> None:
    assert strength(Estimate(*r, n=100)) == verb


@pytest.mark.parametrize(
    ("outliers", "r", "text"),
    [
        (Outliers(0, 0, 0, 0, 0.9), 0.9, ""),
        (
            Outliers(1, 0, 1, 0, 0.91),
            0.9,
            "1 long response has far fewer features than the trend predicts for that length; without this outlier, "
            "r is 0.91.",
        ),
        (
            Outliers(81, 5, 81, 50, 0.97),
            0.51,
            "81 long responses have far fewer features and 5 short responses have far more features than the trend "
            "predicts for their length; 50 of the 81 long responses repeat themselves. Without these outliers (4.3% of "
            "the rows), r is 0.97 instead of 0.51: they hide the relation.",
        ),
        (
            Outliers(3_000, 0, 2_000, 900, None),
            0.2,
            "3,000 long responses have far fewer features than the trend predicts for their length; 900 of the 2,000 "
            "farthest long responses repeat themselves.",
        ),
    ],
)
def test_the_outliers_are_described_in_full_sentences(outliers: Outliers, r: float, text: str) -> None:
    assert outlier_text(outliers, r, 2_000) == text


def test_simpsons_paradox_is_warned_of_and_a_plain_relation_is_not() -> None:
    draw = np.random.default_rng(0)
    group = np.arange(600) % 3
    x = 100 * group + draw.uniform(0, 80, 600)
    reversed_within = 100 * group - 0.5 * x + 3 * draw.standard_normal(600) + 200 * group
    plain = x + 5 * draw.standard_normal(600)
    groups = {"source": Groups(group, ["a", "b", "c"])}
    texts = []
    for y in (reversed_within, plain):
        both = correlations(x, y, {"source": group}, rng=np.random.default_rng(0))
        texts.append(warnings(both.overall[0], {"source": both.grouped["source"][0]}, groups))
    assert len(texts[0]) == 1 and texts[0][0].startswith("The sign of r reverses within sources (Simpson's paradox)")
    assert texts[1] == []
