-- title: Windows of days that views read
-- grain: a window
SELECT
  name,
  anchor,
  from_day,
  to_day
FROM study.day_window
