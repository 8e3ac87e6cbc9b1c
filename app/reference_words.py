"""Pages of the reference about words: reason codes, closed lists, features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import groupby

import yaml

from roentgene.app.markdown import bullets, code, link, page, prose, sentence, table
from roentgene.app.reference_names import REASON_CODES, TABLES
from roentgene.schemas.tables import tables
from roentgene.schemas.words import (
    FeatureWord,
    closed_list,
    packaged_regions,
    pyradiomics_features,
    reason_codes,
)

#: Closed list that has a page of its own.
REASON_CODE = "reason_code"

_REGIONS = "Regions"


@cache
def word_lists() -> list[str]:
    """Names of the closed lists that several tables share, that of the reason codes last."""
    file = files("roentgene.schemas") / "vocabulary" / "words.yaml"
    return [*yaml.safe_load(file.read_text(encoding="utf-8")), REASON_CODE]


def reason_codes_page() -> str:
    """Write every reason code with its severity, its meaning and its cure."""
    rows = [
        [code(reason.code), reason.severity, sentence(reason.means), sentence(reason.cure)]
        for reason in reason_codes().values()
    ]
    return page(
        "# Reason codes",
        "Why something was refused, or has no value. "
        f"{link('ops.quarantine', 'ops.quarantine', TABLES)} holds every refusal with its code, "
        "the file, the row and the column; `roentgene quarantine list` shows those that wait for "
        "a decision.",
        bullets(
            [
                "**error**: it stays out, and everything else goes on.",
                "**batch**: the whole batch stays out, and nothing is committed.",
                "**warning**: it is let in, marked.",
            ]
        ),
        table(("code", "severity", "means", "cure"), rows),
    )


def words_page() -> str:
    """Write the closed lists, and the regions that are known everywhere."""
    blocks = [
        "# Words",
        "Lists of words that several tables share. No other word is let in. "
        f"The {link('reason codes', page=REASON_CODES)} have a page of their own; words that "
        f"belong to a single column stand beside it in the {link('tables', page=TABLES)}.",
    ]
    for name in word_lists():
        if name != REASON_CODE:
            blocks += _words(name)
    header = ("region", "title", "lies in", "made of")
    rows = [
        [code(region), sentence(row["title"]), row.get("parent", ""), prose(row["derivation"])]
        for region, row in packaged_regions().items()
    ]
    intro = "Regions that come with roentgene. This list is open: a cohort file adds its own."
    return page(*blocks, f"## {_REGIONS}", intro, table(header, rows))


def _words(name: str) -> Iterator[str]:
    words = closed_list(name)
    used_by = [
        f"{link(declared.full_name, declared.full_name, TABLES)} ({code(column.name)})"
        for declared in tables().values()
        for column in declared.columns
        if column.values == tuple(words)
    ]
    yield f"## {name}"
    if used_by:
        yield f"Used by {', '.join(used_by)}."
    rows = [[code(word), sentence(means)] for word, means in words.items()]
    yield table(("word", "meaning"), rows)


def features_page() -> str:
    """Write the features of PyRadiomics beside those of IBSI."""
    features = pyradiomics_features()
    found: Mapping[str, int] = {
        status: sum(word.ibsi_status == status for word in features.values())
        for status in ("exact", "offset", "variant", "none")
    }
    blocks = [
        "# Features",
        f"The {len(features)} features that PyRadiomics 3.0.1 measures by default, and how each "
        "stands to the reference manual of the Image Biomarker Standardisation Initiative "
        "(Zwanenburg et al. 2020, doi 10.1148/radiol.2020191145). A feature's whole name is "
        "image type, class and name: `original_glcm_Contrast`, `wavelet-LLH_firstorder_Mean`.",
        "The status was computed: PyRadiomics measured the digital phantom of IBSI 1, with bins "
        "of width 1, and its values were compared with the reference values of IBSI.",
        table(("status", "features", "means"), _statuses(found)),
        "The phantom tests the formulas. It tests neither resampling nor the edges of bins, in "
        "both of which PyRadiomics goes its own way. So `exact` means a definition that agrees "
        "with IBSI's; it does not make a whole extraction compliant with IBSI.",
        "Aggregation says how a texture matrix is made of a volume, by IBSI's code: `ITBB` "
        "measures each of the 13 directions apart and averages, `KOBO` takes the whole volume "
        "at once. Without a unit, a value has that of the image's grey values, or a power of it. "
        "What grows with the number of voxels by definition is marked as depending on volume; "
        "compare it between regions of different size with care.",
    ]
    by_class = groupby(features.values(), key=lambda word: word.feature_class)
    for feature_class, words in by_class:
        header = ("feature", "IBSI code", "aggregation", "status", "unit", "depends on volume")
        blocks += [f"## {feature_class}", table(header, [_feature(word) for word in words])]
    return page(*blocks)


def _statuses(found: Mapping[str, int]) -> Iterator[list[str]]:
    meanings = {
        "exact": "The value is IBSI's, within the tolerance of IBSI.",
        "offset": "The value is IBSI's plus a constant. Kurtosis is greater by 3, for IBSI takes "
        "the excess.",
        "variant": "The same idea by another formula. The two axis lengths divide by the number "
        "of voxels N where IBSI divides by N - 1, and are shorter by the factor √((N - 1) / N): "
        "less than 0.05 % above 1000 voxels. The major axis has the same factor, but stays within "
        "the tolerance.",
        "none": "IBSI has no such feature.",
    }
    for status, number in found.items():
        yield [code(status), str(number), meanings[status]]


def _feature(word: FeatureWord) -> list[str]:
    return [
        word.name,
        word.ibsi_code or "",
        word.ibsi_aggregation or "",
        word.ibsi_status,
        word.unit or "",
        "yes" if word.volume_dependent else "",
    ]
