-- title: Regions of the patients who are erased
-- grain: a segmentation
-- reference: imaging.segmentation, erased_patient
SELECT
  segmentations.segmentation_id,
  segmentations.cohort_id,
  segmentations.file_path
FROM imaging.segmentation AS segmentations
SEMI JOIN erased_patient
  USING (cohort_id, patient_id)
