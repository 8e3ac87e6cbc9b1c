-- title: What a stored stability run found
-- grain: a feature of a cohort, region, sequence, profile and engine
-- reference: mart.feature_stability
SELECT cohort_id, sequence, region, profile, engine, feature, ci95_low
FROM mart.feature_stability AS feature_stability
WHERE run_name = $run
  AND design = $design
  AND icc_form = $icc_form
ORDER BY ALL
