"""Gates of the way in: each says what it refuses, and why."""
