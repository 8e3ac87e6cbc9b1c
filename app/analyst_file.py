"""The analyst's file is renewed after every commit, also after those of the command line."""

from __future__ import annotations

from roentgene.warehouse.connection import LAKE
from roentgene.warehouse.migrate import views_to_publish
from roentgene.warehouse.publishing import publish
from roentgene.warehouse.store import Warehouse


def renew(warehouse: Warehouse) -> None:
    """Publish what was just committed, unless ``study.yaml`` says that nothing is published.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, still open for writing.

    Raises
    ------
    WarehouseError
        If the file could not be made; what was committed is safe.
    """
    if warehouse.study.publish:
        views = views_to_publish(warehouse.study)
        publish(warehouse.connection, LAKE, warehouse.layout.published, views)
