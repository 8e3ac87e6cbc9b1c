"""A plan that can be carried out: the models that it needs are fitted."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.planning.plan import Plan, make_plan
from roentgene.ingest.staging.habitat_fitting import fit_model
from roentgene.warehouse.store import Warehouse


def ready_plan(
    warehouse: Warehouse,
    cohort_file: Path,
    engine_path: EnginePath,
    fitted: dict[str, HabitatModel],
    delivery: Path | None = None,
) -> Plan:
    """Plan the ingest of a cohort file, and fit what must be fitted before.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse; nothing is written.
    cohort_file : Path
        The cohort file.
    engine_path : {'fast', 'stock'}
        Whether engines may take their quicker way to the same values.
    fitted : dict of str to HabitatModel
        Models by name that were fitted for an earlier plan; those fitted now are added.
    delivery : Path, optional
        Folder of one delivery of several, at which the paths of the cohort file start.

    Raises
    ------
    FileError
        As :func:`roentgene.ingest.planning.plan.make_plan`, and if a model cannot be fitted.
    """
    plan = make_plan(warehouse, cohort_file, engine_path, fitted, delivery)
    if not plan.imaging.fitting:
        return plan
    for fitting in plan.imaging.fitting:
        fitted[fitting.habitats.model] = fit_model(fitting)
    return make_plan(warehouse, cohort_file, engine_path, fitted, delivery)
