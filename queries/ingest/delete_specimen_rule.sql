-- title: Delete the specimen rule of a cohort, for the file says it anew
-- grain: a row of the declaration
-- reference: study.specimen_rule
DELETE FROM study.specimen_rule
WHERE cohort_id = $cohort_id
