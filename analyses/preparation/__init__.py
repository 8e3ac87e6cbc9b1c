"""What is fitted on the training rows of a fold, kept as rows of parameters, and applied.

:func:`fit` fits the steps of one fold, :func:`fit_folds` those of all folds, and :func:`apply`
brings rows into the form that a fit has written down.
"""

from __future__ import annotations

from roentgene.analyses.preparation.fitting import apply, fit, fit_folds

__all__ = ["apply", "fit", "fit_folds"]
