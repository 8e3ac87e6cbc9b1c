"""What a rule may need beyond its mask, and why a region cannot be made."""

from __future__ import annotations

from typing import Protocol

from roentgene.ingest.block import Block
from roentgene.ingest.extract.work import MaskWork, RegionWork
from roentgene.ingest.sources.volume import Geometry


class RegionFaultError(Exception):
    """A region cannot be made, while others of its mask can; it ends as a refusal of that region.

    Parameters
    ----------
    detail : str
        What is wrong.
    reason_code : str
        Code of ``reason_codes.yaml``.
    of_mask : bool
        Whether it stands against every region of the mask alike.
    """

    def __init__(self, detail: str, reason_code: str, *, of_mask: bool = False) -> None:
        super().__init__(detail)
        self.reason_code = reason_code
        self.detail = detail
        self.of_mask = of_mask


class Around(Protocol):
    """What a rule may need that its mask does not have; raises :class:`RegionFaultError`."""

    def elsewhere(self, work: MaskWork, grid: Geometry) -> Block:
        """Give the one region of another mask on the grid of this one."""

    def habitat(self, region: RegionWork, number: int, whole: Block, grid: Geometry) -> Block:
        """Give a habitat of a region of this mask."""
