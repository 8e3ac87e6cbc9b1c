-- title: Features that have a number
-- grain: a feature of an engine
-- reference: vocab.feature
SELECT engine, feature, feature_id
FROM vocab.feature
