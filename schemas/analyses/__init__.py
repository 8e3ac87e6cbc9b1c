"""The models of analysis files: a module a kind of analysis, and their reader."""
