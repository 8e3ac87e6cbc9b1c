"""Stock MIRP that measures each region apart, and says how many voxels and grey levels it had.

Imports MIRP, and is therefore itself imported only where features are extracted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mirp._data_import.numpy_file import ImageNumpyFile, MaskNumpyFile
from mirp._image_processing.discretise_image import discretise_image
from mirp._images.transformed_image import TransformedImage
from mirp._workflows.standardWorkflow import StandardWorkflow
from numpy.typing import NDArray

#: Value of the region in its mask, which MIRP names in words.
_LABEL = "1"


@dataclass
class Notes:
    """What was found for a region."""

    values: dict[str, float] = field(default_factory=dict)
    voxel_count: int = 0
    grey_levels: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None


class RegionWorkflow(StandardWorkflow):  # type: ignore[misc]
    """The stock workflow; it takes notes, and what a region raises costs that region alone.

    Attributes
    ----------
    notes : dict of str to Notes
        By name of the region. Without notes for a region that resampling or resegmentation left
        empty.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, export_features=True)
        self.notes: dict[str, Notes] = {}

    def _compute_radiomics_features(self, image: Any, mask: Any) -> Iterator[Any]:
        """Measure a region on an image type; what MIRP would collect in a table is noted."""
        notes = self.notes.setdefault(mask.roi_name, Notes())
        if notes.error is None:
            try:
                self._note(image, mask, notes)
            except Exception as error:
                notes.error = error
        return iter(())

    def _note(self, image: Any, mask: Any, notes: Notes) -> None:
        transformed = isinstance(image, TransformedImage)
        if not transformed:
            notes.voxel_count = int(np.count_nonzero(mask.roi_intensity.get_voxel_grid()))
            levels = _grey_levels(image, mask, self.settings.feature_extr)
            if levels is not None:
                notes.grey_levels["original"] = levels
        for table in super()._compute_radiomics_features(image=image, mask=mask):
            for name, value in table.iloc[0].items():
                notes.values[str(name)] = math.nan if value is None else float(value)


def region_workflow(
    voxels: NDArray[Any],
    masks: dict[str, NDArray[Any]],
    spacing: tuple[float, float, float],
    modality: str | None,
    settings: Any,
) -> RegionWorkflow:
    """Make a workflow over one image and its regions.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The image; MIRP may change it.
    masks : dict of str to ndarray, shape (z, y, x)
        1 within each region, by name.
    spacing : tuple of float
        Millimetres along z, y, x.
    modality : str or None
        What MIRP takes the image for.
    settings : mirp.settings.generic.SettingsClass
        Its settings.
    """
    image = _file(ImageNumpyFile, voxels.astype(np.float32), spacing, image_modality=modality)
    image.associated_masks = [
        _file(MaskNumpyFile, mask.astype(np.int64), spacing, roi_name={_LABEL: name})
        for name, mask in masks.items()
    ]
    new_spacing = settings.img_interpolate.new_spacing
    return RegionWorkflow(
        image_file=image,
        settings=settings,
        new_image_spacing=new_spacing[0] if new_spacing else None,
    )


def _file(kind: Any, voxels: NDArray[Any], spacing: tuple[float, float, float], **own: Any) -> Any:
    made = kind(
        image_data=voxels,
        image_spacing=spacing,
        image_origin=(0.0, 0.0, 0.0),
        image_orientation=np.identity(3),
        image_dimensions=voxels.shape,
        sample_name="case",
        **own,
    )
    made.image_metadata = voxels
    made.complete()
    return made


def _grey_levels(image: Any, mask: Any, settings: Any) -> int | None:
    """Highest grey level, where there is but one way of binning."""
    methods = settings.discretisation_method or []
    bins, widths = settings.discretisation_n_bins or [None], settings.discretisation_bin_width
    widths = widths or [None]
    if len(methods) != 1 or len(bins) != 1 or len(widths) != 1:
        return None
    binned, region = discretise_image(
        image=image,
        mask=mask,
        discretisation_method=methods[0],
        bin_number=bins[0],
        bin_width=widths[0],
    )
    return int(binned.get_voxel_grid()[region.roi_intensity.get_voxel_grid()].max())
