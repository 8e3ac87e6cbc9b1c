"""The values that the voxels of a region have in several images, and the habitats they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.work import Case, ImageFile, RegionWork
from roentgene.ingest.gates.geometry import check_geometry
from roentgene.ingest.gates.image import Place
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.regions.habitats import Clusters, assign, normalised
from roentgene.ingest.sources.volume import Geometry, Volume, VolumeError
from roentgene.ingest.staging.image_reading import read_image
from roentgene.ingest.staging.region_fault import RegionFaultError


class HabitatReader:
    """Divides the regions of a case; each image is read once.

    Parameters
    ----------
    case : Case
        The case.
    image : Volume or Refusal
        Its own image, which is not read again, or why there is none.
    """

    def __init__(self, case: Case, image: Volume | Refusal) -> None:
        self._case = case
        self._images: dict[tuple[str, int | None], Volume] = {}
        if isinstance(image, Volume):
            self._images[case.path, case.volume_index] = image
        self._last: tuple[str, Block, NDArray[np.int64]] | None = None

    def habitat(self, region: RegionWork, number: int, whole: Block, grid: Geometry) -> Block:
        """Give a habitat of a region.

        Parameters
        ----------
        region : RegionWork
            Any habitat of the model, with its images.
        number : int
            Which is wanted, from 1 on.
        whole : Block
            The region that is divided.
        grid : Geometry
            Where it lies.

        Raises
        ------
        RegionFaultError
            ``habitat_image_unusable`` or ``habitat_off_grid``, with the image's name.
        """
        model = region.model
        if model is None or not whole.n_voxels:
            return whole
        key = model.model_id
        # all habitats of a region are asked for one after another
        if self._last is None or self._last[0] != key or self._last[1] is not whole:
            values = self.values(region.images, whole, grid, model.normalisation == "region")
            self._last = key, whole, assign(values, clusters_of(model))
        voxels = np.zeros(whole.voxels.shape, dtype=np.bool_)
        voxels[whole.voxels] = self._last[2] == number
        return cut_out(voxels, whole.start)

    def values(
        self, images: Sequence[ImageFile], whole: Block, grid: Geometry, normalise: bool
    ) -> NDArray[np.float64]:
        """Values of a region's voxels, shape (n, n_images).

        Parameters
        ----------
        images : sequence of ImageFile
            Where they are read.
        whole : Block
            The region.
        grid : Geometry
            Where it lies.
        normalise : bool
            Whether each image is z-scored within the region.

        Raises
        ------
        RegionFaultError
            As :meth:`habitat`.
        """
        columns = [self._volume(image, grid).voxels[whole.box][whole.voxels] for image in images]
        values = np.stack(columns, axis=1).astype(np.float64)
        if not np.isfinite(values).all():
            name = images[int(np.argmin(np.isfinite(values).all(axis=0)))].name
            detail = f"{name} has voxels within the region that are no numbers"
            raise RegionFaultError(detail, "habitat_image_unusable")
        return normalised(values) if normalise else values

    def _volume(self, image: ImageFile, grid: Geometry) -> Volume:
        key = image.path, image.volume_index
        if key not in self._images:
            self._images[key] = self._read(image)
        volume = self._images[key]
        place = Place(self._case.visit, image.name, image.content_hash)
        tolerance = self._case.thresholds.geometry_tolerance_mm
        refusal = check_geometry(volume.geometry, grid, tolerance, place)
        if refusal is not None:
            detail = f"of the mask and {image.name}: {refusal.detail}"
            raise RegionFaultError(detail, "habitat_off_grid")
        return volume

    def _read(self, image: ImageFile) -> Volume:
        of_image = replace(
            self._case,
            path=image.path,
            volume_index=image.volume_index,
            slices=image.slices,
            dose=None,
        )
        try:
            return read_image(of_image)
        except VolumeError as error:
            detail = f"{image.name}: {error.message}"
            raise RegionFaultError(detail, "habitat_image_unusable") from error


def clusters_of(model: HabitatModel) -> Clusters:
    """Give scaling and centres of a stored model."""
    return Clusters(*map(np.asarray, (model.means, model.deviations, model.centroids)))
