-- title: Settings that views read
-- grain: a setting
SELECT
  name,
  value
FROM study.setting
