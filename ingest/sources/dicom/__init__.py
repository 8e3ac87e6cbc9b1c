"""DICOM as hospitals send it: image series, structure sets, segmentation objects."""
