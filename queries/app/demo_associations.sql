-- title: Pairs that one run of the demo's association tested
-- grain: a feature against a target
-- reference: mart.association
SELECT target_block, target, region, feature, q_value
FROM mart.association
WHERE analysis_run_id = $analysis_run_id
