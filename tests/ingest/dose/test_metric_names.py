import pytest

from roentgene.ingest.dose.metric_names import MetricName, parse_metric


@pytest.mark.parametrize(
    ("name", "kind", "amount", "units"),
    [
        ("Dmean", "mean", None, ("Gy",)),
        ("Dmax", "maximum", None, ("Gy",)),
        ("Dmin", "minimum", None, ("Gy",)),
        ("gEUD", "geud", None, ("Gy",)),
        ("D95", "dose_to_share", 95.0, ("Gy",)),
        ("D99.5", "dose_to_share", 99.5, ("Gy",)),
        ("D0.1cc", "dose_to_volume", 0.1, ("Gy",)),
        ("D200cc", "dose_to_volume", 200.0, ("Gy",)),
        ("V20Gy", "volume_receiving", 20.0, ("percent", "cm3")),
    ],
)
def test_names(name: str, kind: str, amount: float | None, units: tuple[str, ...]) -> None:
    for prefix, scale in (("", "physical"), ("EQD2_", "EQD2"), ("BED_", "BED")):
        found = parse_metric(prefix + name)
        assert found == MetricName(prefix + name, kind, scale, amount)  # type: ignore[arg-type]
        assert found.units == units


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dmean", "'Dmean'"),
        ("DMEAN", "'Dmean'"),
        ("Dmaen", "'Dmean'"),
        ("V20", "'V20Gy'"),
        ("v20gy", "'V20Gy'"),
        ("V20.0Gy", "'V20Gy'"),
        ("D95%", "'D95'"),
        ("D095", "'D95'"),
        ("D2cm3", "'D2cc'"),
        ("D_2cc", "'D2cc'"),
        ("Dmedian", "'D50'"),
        ("D100", "'Dmin'"),
        ("D0", "'Dmax'"),
        ("geud", "'gEUD'"),
        ("eqd2_dmean", "'EQD2_Dmean'"),
        ("EQD2_V20", "'EQD2_V20Gy'"),
        ("homogeneity", "metrics are written like Dmean"),
        ("V0Gy", "metrics are written like|did you mean"),
        ("D0cc", "metrics are written like|did you mean"),
        ("D101", "metrics are written like|did you mean"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=meant):
        parse_metric(written)
