"""Study folders of cBioPortal: read, checked, and expanded into ordinary tables."""
