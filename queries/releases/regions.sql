-- title: From which region each region was made
-- grain: a region
-- reference: vocab.region
SELECT region, parent
FROM vocab.region
ORDER BY region
