"""Planning: what a delivery holds, what of it is new, and whose ids meet nobody."""
