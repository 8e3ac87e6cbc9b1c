-- title: Delete the steps of the flow of a cohort's patients, for the file says it anew
-- grain: a row of the declaration
-- reference: study.flow_step
DELETE FROM study.flow_step
WHERE cohort_id = $cohort_id
