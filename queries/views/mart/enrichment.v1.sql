-- title: Gene sets in the genes that go with features, as the current analyses have them
-- grain: a gene set under a feature in a visit, sequence, region and profile of a current run
-- reference: Subramanian et al. 2005, doi 10.1073/pnas.0506580102; Phipson and Smyth 2010, doi 10.2202/1544-6115.1585, for p_value
-- since: 0.1.0
--
-- The rows of result.enrichment whose run is the newest of its name. A positive nes says that the
-- genes of the set rise with the feature. q_value holds over the sets of one feature; across
-- features or runs it says nothing. Where permute is genes, sets whose genes go together are found
-- too often, whatever the feature; persons keeps that correlation. leading_edge names the genes
-- that make the score. version is that of the collection when the run was made.
SELECT
  enrichment.cohort_id,
  enrichment.timepoint_id,
  enrichment.sequence,
  enrichment.region,
  enrichment.profile,
  enrichment.feature,
  enrichment.collection,
  enrichment.version,
  enrichment.gene_set,
  enrichment.molecular_profile_id,
  enrichment.permute,
  enrichment.permutations,
  enrichment.n,
  enrichment.n_ranked_genes,
  enrichment.n_genes,
  enrichment.es,
  enrichment.nes,
  enrichment.p_value,
  enrichment.q_value,
  enrichment.leading_edge,
  enrichment.status,
  enrichment.reason,
  analysis_run.name AS run_name,
  enrichment.analysis_run_id
FROM result.enrichment
JOIN ops.analysis_run ON analysis_run.analysis_run_id = enrichment.analysis_run_id
WHERE analysis_run.current
