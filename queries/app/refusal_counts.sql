-- title: How much stands in the quarantine
-- grain: a cohort x state x reason code
-- reference: ops.quarantine
SELECT
  cohort_id,
  state,
  reason_code,
  count(*) AS n_refusals
FROM ops.quarantine
GROUP BY cohort_id, state, reason_code
ORDER BY cohort_id, state, n_refusals DESC, reason_code
