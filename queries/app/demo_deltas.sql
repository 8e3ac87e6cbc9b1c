-- title: Changes of one feature as one reader's regions show them
-- grain: a follow-up of a patient
-- reference: mart.delta_radiomics
SELECT patient_id, region, feature, interval_days, delta_log_ratio
FROM mart.delta_radiomics
WHERE rater_id = $rater_id
  AND feature = $feature
