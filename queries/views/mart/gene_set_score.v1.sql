-- title: Scores of gene sets in persons as the current analyses have them
-- grain: a gene set in a person of a current run
-- reference: Barbie et al. 2009, doi 10.1038/nature08460 (ssgsea); Hänzelmann et al. 2013, doi 10.1186/1471-2105-14-7 (gsva)
-- since: 0.1.0
--
-- The rows of result.gene_set_score whose run is the newest of its name. Scores compare persons
-- within one set and one run; those of two sets, methods or runs are on different scales. Scores
-- of gsva depend on who else is in the cohort. n_genes counts the genes of the set that the
-- profile has a value of for every person.
SELECT
  gene_set_score.cohort_id,
  gene_set_score.person_id,
  gene_set_score.collection,
  gene_set_score.version,
  gene_set_score.gene_set,
  gene_set_score.molecular_profile_id,
  gene_set_score.method,
  gene_set_score.n_genes,
  gene_set_score.score,
  analysis_run.name AS run_name,
  gene_set_score.analysis_run_id
FROM result.gene_set_score
JOIN ops.analysis_run ON analysis_run.analysis_run_id = gene_set_score.analysis_run_id
WHERE analysis_run.current
