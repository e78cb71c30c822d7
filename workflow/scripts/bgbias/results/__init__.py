"""From collected rows to tables, sentences and the report; published numbers, and where ours come from."""
