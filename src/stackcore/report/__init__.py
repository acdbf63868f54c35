"""The report of a stack: what the run found and did, as one page for people and one document for machines."""
