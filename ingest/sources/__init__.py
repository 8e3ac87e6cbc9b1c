"""Reading of what is delivered."""
