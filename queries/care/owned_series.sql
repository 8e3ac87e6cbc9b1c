-- title: Images of the patients who are erased
-- grain: a series
-- reference: imaging.series, erased_patient
SELECT
  series.series_id,
  series.cohort_id,
  series.file_path,
  series.modality
FROM imaging.series AS series
SEMI JOIN erased_patient
  USING (cohort_id, patient_id)
