-- title: Mask files that only the patients who are erased have
-- grain: a content of a mask file
-- reference: imaging.segmentation, erased_patient
SELECT
  segmentations.cohort_id,
  segmentations.source_hash
FROM imaging.segmentation AS segmentations
SEMI JOIN erased_patient
  USING (cohort_id, patient_id)
WHERE segmentations.source_hash IS NOT NULL
EXCEPT
SELECT
  segmentations.cohort_id,
  segmentations.source_hash
FROM imaging.segmentation AS segmentations
ANTI JOIN erased_patient
  USING (cohort_id, patient_id)
WHERE segmentations.source_hash IS NOT NULL
