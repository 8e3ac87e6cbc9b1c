"""The synthetic study of ``roentgene demo``: how it is made, and how its answers are scored."""
