"""Ways in which a release could let the answer into the question, each by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Leak = Literal[
    "after_anchor",
    "no_landmark",
    "day_unknown",
    "outcome",
    "target_equivalent",
    "fitted_on_everybody",
    "fit_on_all_rows",
    "target_as_covariate",
]

#: What each leak is, as messages and datasheets say it.
LEAKS: Mapping[Leak, str] = {
    "after_anchor": "a predictor was measured after the anchor day",
    "no_landmark": "a predictor was measured after the day from which the survival target counts, "
    "and no landmark_day restarts the clock",
    "day_unknown": "nobody knows on which day a predictor of a visit was measured",
    "outcome": "an outcome or a response stands among the predictors",
    "target_equivalent": "a predictor tells the target by another name",
    "fitted_on_everybody": "the regions behind a predictor were fitted on persons who are tested",
    "fit_on_all_rows": "the steps of preparation are fitted on all rows, the test included",
    "target_as_covariate": "the target is a covariate of harmonization",
}
