-- title: Persons whose features a join multiplies
-- grain: a person in a region of a sequence at a visit under a profile
-- reference: mart_versions.patient_feature_v1, which gives one row a person and feature
WITH repeated AS (
  SELECT
    person_id,
    timepoint_id,
    sequence,
    region,
    profile,
    feature,
    count(*) AS n_rows
  FROM mart_versions.patient_feature_v1
  WHERE cohort_id = $cohort_id
  GROUP BY person_id, timepoint_id, sequence, region, profile, feature
  HAVING count(*) > 1
)
SELECT
  person_id,
  timepoint_id,
  sequence,
  region,
  profile,
  count(*) AS n_features,
  max(n_rows) AS n_rows
FROM repeated
GROUP BY person_id, timepoint_id, sequence, region, profile
ORDER BY person_id, timepoint_id, sequence, region, profile
