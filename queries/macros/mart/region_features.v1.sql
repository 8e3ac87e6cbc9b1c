-- title: All features of one region on one sequence at one visit, a row a person
-- grain: a person of a cohort x engine
-- reference: mart.patient_vector
-- since: 0.1.0
-- parameters: at_visit, on_sequence, in_region, by_profile
--
-- The rows of mart.patient_vector of a timepoint_id, sequence, region and profile:
-- SELECT person_id, features['original_glcm_Contrast']
-- FROM mart.region_features('baseline', 'T1C', 'ET', 'original').
SELECT
  cohort_id,
  person_id,
  patient_id,
  timepoint_id,
  sequence,
  region,
  profile,
  engine,
  value_scale,
  lesion_id,
  rater_id,
  n_features,
  features
FROM mart_versions.patient_vector_v1
WHERE timepoint_id = at_visit
  AND sequence = on_sequence
  AND region = in_region
  AND profile = by_profile
