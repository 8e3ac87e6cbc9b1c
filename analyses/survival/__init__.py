"""Features against the time to an event."""
