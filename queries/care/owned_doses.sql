-- title: Dose grids of the patients who are erased
-- grain: a dose
-- reference: imaging.dose, erased_patient
SELECT
  doses.dose_id,
  doses.series_id
FROM imaging.dose AS doses
SEMI JOIN erased_patient
  USING (cohort_id, patient_id)
