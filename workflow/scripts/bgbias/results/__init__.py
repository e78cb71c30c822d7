"""From collected rows to tables, sentences and the report; published numbers, and the provenance of ours."""
