"""roentgene."""
