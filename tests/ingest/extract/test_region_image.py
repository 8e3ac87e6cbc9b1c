import numpy as np
import SimpleITK as sitk

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.region_image import region_image


def test_a_region_lies_where_it_was_cut_out() -> None:
    image = sitk.GetImageFromArray(np.zeros((6, 7, 8), dtype=np.int16))
    image.SetSpacing((0.5, 1.5, 2.0))
    image.SetOrigin((4.0, -3.0, 2.0))
    image.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, 1))
    region = np.random.default_rng(1).random((6, 7, 8)) > 0.8
    made = region_image(cut_out(region), image)
    assert made.GetPixelID() == sitk.sitkUInt8
    assert np.array_equal(sitk.GetArrayFromImage(made), region.astype(np.uint8))
    assert made.GetSpacing() == image.GetSpacing()
    assert made.GetOrigin() == image.GetOrigin()
    assert made.GetDirection() == image.GetDirection()
