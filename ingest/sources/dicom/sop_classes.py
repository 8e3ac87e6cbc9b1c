"""What a DICOM file may be (SOP classes, PS3.4 annex B.5), as far as it is taken."""

from __future__ import annotations

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
PET = "1.2.840.10008.5.1.4.1.1.128"
ENHANCED_CT = f"{CT}.1"
LEGACY_CT = f"{CT}.2"
ENHANCED_MR = f"{MR}.1"
LEGACY_MR = f"{MR}.4"
ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"
LEGACY_PET = f"{PET}.1"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"
#: DICOMDIR: an index of other files, and nothing of its own.
DIRECTORY = "1.2.840.10008.1.3.10"

#: Images whose slices share one file.
MULTI_FRAME = frozenset((ENHANCED_CT, LEGACY_CT, ENHANCED_MR, LEGACY_MR, ENHANCED_PET, LEGACY_PET))
IMAGES = MULTI_FRAME | {CT, MR, PET}
SEGMENTATIONS = frozenset((SEGMENTATION, LABEL_MAP))
PLANS = frozenset((PLAN, ION_PLAN))
#: A dose object may hold nothing but curves, so it is none of these.
WITH_PIXELS = IMAGES | SEGMENTATIONS
