from __future__ import annotations

from explorer.length.curves import CoverageCurve, crossings, leaders, mean_curve


def curve(name: str, coverage: list[float], tokens: tuple[int, ...] = (10, 100, 1_000, 10_000)) -> CoverageCurve:
    return CoverageCurve(name, tuple(range(1, len(coverage) + 1)), tuple(coverage), tokens)


def test_crossings_and_leaders_name_the_selections_and_the_tokens() -> None:
    curves = {
        "longest": curve("longest", [0.1, 0.3, 0.6, 0.9]),
        "random": curve("random", [0.3, 0.4, 0.5, 0.6]),
    }
    assert crossings(curves) == ["the longest rows overtake random rows at about 610 response tokens"]
    assert leaders(curves) == "coverage is highest for random rows, then from about 560 tokens for the longest rows"


def test_one_selection_overtakes_and_several_rows_overtake() -> None:
    fast, late = curve("fast", [0.5, 0.6], (10, 1_000)), curve("late", [0.1, 0.9], (10, 1_000))
    (sentence,) = crossings({"fast": fast, "late": late})
    assert sentence.startswith("late overtakes fast at about ")


def test_curves_side_by_side_do_not_cross() -> None:
    curves = {"longest": curve("longest", [0.1, 0.3, 0.6, 0.9]), "random": curve("random", [0.105, 0.295, 0.605, 0.9])}
    assert crossings(curves) == []


def test_a_lead_that_does_not_last_is_no_lead() -> None:
    tokens = (10, 1_000, 1_010, 1_020, 10_000)
    steady = curve("steady", [0.1, 0.4, 0.4, 0.4, 0.9], tokens)
    spike = curve("spike", [0.05, 0.35, 0.45, 0.35, 0.8], tokens)
    assert crossings({"steady": steady, "spike": spike}) == []
    assert leaders({"steady": steady, "spike": spike}) == "coverage is highest for steady"


def test_nothing_leads_where_there_is_one_curve() -> None:
    assert leaders({"longest": curve("longest", [0.1, 0.3, 0.6, 0.9])}) == ""


def test_the_mean_curve_averages_coverage_and_tokens() -> None:
    mean = mean_curve([curve("random", [0.1, 0.3], (10, 21)), curve("random", [0.3, 0.5], (20, 40))])
    assert mean == CoverageCurve("random", (1, 2), (0.2, 0.4), (15, 30))
