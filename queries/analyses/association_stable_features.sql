-- title: Features that a stability run judged, and whether they pass
-- grain: a feature of a region, sequence and profile
-- reference: mart.stable_feature, by the policy of that run
--
-- The run must speak of every cohort that is looked at: it was made of it, or names it under
-- also_for. Of several engines under one profile each must pass.
SELECT
  sequence,
  region,
  profile,
  feature,
  bool_and(stable) AS stable
FROM mart.stable_feature
WHERE run_name = $run
  AND cohort_id = ANY($cohorts)
GROUP BY sequence, region, profile, feature
HAVING count(DISTINCT cohort_id) = len(CAST($cohorts AS VARCHAR[]))
ORDER BY sequence, region, profile, feature
