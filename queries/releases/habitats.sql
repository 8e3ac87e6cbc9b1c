-- title: On whom the models of habitats were fitted
-- grain: a model of habitats x patient on whom it was fitted
-- reference: imaging.habitat_model; its habitats are the regions that have model_id in their name
SELECT
  habitat_model.cohort_id,
  habitat_model.model_id,
  unnest(habitat_model.fitted_on) AS patient_id
FROM imaging.habitat_model
ORDER BY ALL
