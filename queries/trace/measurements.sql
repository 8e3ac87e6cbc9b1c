-- title: Measurements that a row may stand on
-- grain: a measurement
-- reference: imaging.measurement
--
-- A parameter that is NULL, for the row does not have the column or no value in it, asks nothing.
SELECT
  measurement.measurement_id
FROM imaging.measurement
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.series ON series.series_id = measurement.series_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
JOIN study.patient
  ON patient.cohort_id = segmentation.cohort_id
  AND patient.patient_id = segmentation.patient_id
WHERE measurement.current
  AND ($cohort_id IS NULL OR measurement.cohort_id = $cohort_id)
  AND ($person_id IS NULL OR patient.person_id = $person_id)
  AND ($patient_id IS NULL OR segmentation.patient_id = $patient_id)
  AND ($timepoint_id IS NULL OR segmentation.timepoint_id = $timepoint_id)
  AND ($modality IS NULL OR series.modality = $modality)
  AND ($sequence IS NULL OR series.sequence = $sequence)
  AND ($series_id IS NULL OR series.series_id = $series_id)
  AND ($region IS NULL OR segmentation.region = $region)
  AND ($lesion_id IS NULL OR segmentation.lesion_id = $lesion_id)
  AND ($rater_id IS NULL OR segmentation.rater_id = $rater_id)
  AND ($repeat_no IS NULL OR segmentation.repeat_no = $repeat_no)
  AND ($segmentation_id IS NULL OR segmentation.segmentation_id = $segmentation_id)
  AND ($profile IS NULL OR extraction.profile = $profile)
  AND ($engine IS NULL OR extraction.engine = $engine)
  AND ($extraction_id IS NULL OR extraction.extraction_id = $extraction_id)
ORDER BY measurement.measurement_id
