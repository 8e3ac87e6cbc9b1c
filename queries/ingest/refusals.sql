-- title: What was refused of a cohort, and what was decided about it
-- grain: a refusal
-- reference: ops.quarantine
SELECT refusal_id, stage, file_path, subject, state
FROM ops.quarantine
WHERE cohort_id = $cohort_id
