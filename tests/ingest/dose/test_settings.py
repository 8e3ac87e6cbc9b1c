from typing import Any

import pytest

from roentgene.ingest.dose.settings import DoseSettings, parameter_of, read_dose_settings
from roentgene.schemas.errors import FileError


def test_the_usual_metrics_need_no_parameter() -> None:
    usual = read_dose_settings({})
    asked = {"Dmean", "Dmax", "D2", "D50", "D95", "D98", "V5Gy", "V20Gy", "V60Gy", "D2cc"}
    assert asked < set(usual.metrics)
    assert usual.alpha_beta == usual.geud_a == {}
    assert all(metric.scale == "physical" for metric in usual.parsed_metrics)


@pytest.mark.parametrize(
    ("settings", "message", "cure"),
    [
        (
            {"alphabeta": {"*": 3}},
            "unknown key 'settings.alphabeta': did you mean 'alpha_beta'?",
            "Correct",
        ),
        ({"xyz": 1}, "'settings.xyz': valid keys are alpha_beta, geud_a", "Correct"),
        ({"metrics": ["V20"]}, "did you mean 'V20Gy'", "Correct"),
        ({"metrics": ["D95", "D95"]}, "metric 'D95' stands twice", "Correct"),
        ({"metrics": []}, "settings.metrics", "Correct"),
        ({"metrics": ["EQD2_Dmean"]}, "need alpha/beta", "Correct"),
        ({"metrics": ["BED_D95"], "geud_a": {"*": 1}}, "need alpha/beta", "Correct"),
        ({"metrics": ["gEUD"], "alpha_beta": {"*": 3}}, "gEUD needs its parameter", "Correct"),
        ({"alpha_beta": {"GTV": 0}}, "settings.alpha_beta.GTV", "Correct"),
        ({"alpha_beta": {"GTV": float("inf")}}, "settings.alpha_beta.GTV", "Correct"),
        ({"metrics": ["gEUD"], "geud_a": {"GTV": 0}}, "no gEUD for a = 0", "Correct"),
        ({"max_outside_percent": 100}, "settings.max_outside_percent", "Correct"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str, cure: str) -> None:
    with pytest.raises(FileError) as refused:
        read_dose_settings(settings)
    assert message in refused.value.message
    assert cure in refused.value.cure


def test_settings_come_back_from_what_is_stored() -> None:
    written = read_dose_settings(
        {"metrics": ["Dmean", "EQD2_D2cc"], "alpha_beta": {"GTV": 10, "*": 3}}
    )
    assert DoseSettings.model_validate(written.model_dump(mode="json")) == written


def test_the_nearest_name_gives_the_parameter() -> None:
    stated = {"GTV": 10.0, "Lung*": 3.0, "Lung_L*": 4.0, "*": 2.0}
    names = ("GTV", "gtv", "Lung", "Lung_R", "Lung_Left", "Heart")
    assert [parameter_of(name, stated) for name in names] == [10.0, 2.0, 3.0, 3.0, 4.0, 2.0]
    assert parameter_of("Heart", {"GTV": 10.0}) is None
    # a name may hold what patterns are made of
    assert parameter_of("GTV [1]", {"GTV [1]": 8.0, "*": 2.0}) == 8.0
