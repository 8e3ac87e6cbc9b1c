-- title: Scores of gene sets of persons
-- grain: a gene set of a person
-- reference: result.gene_set_score of the current run of that name
SELECT
  gene_set_score.person_id,
  gene_set_score.gene_set AS target,
  gene_set_score.score AS value
FROM result.gene_set_score
JOIN ops.analysis_run ON analysis_run.analysis_run_id = gene_set_score.analysis_run_id
WHERE analysis_run.current
  AND analysis_run.name = $run
  AND gene_set_score.cohort_id = ANY($cohorts)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), gene_set_score.gene_set))
  AND gene_set_score.score IS NOT NULL
ORDER BY gene_set_score.gene_set, gene_set_score.person_id
