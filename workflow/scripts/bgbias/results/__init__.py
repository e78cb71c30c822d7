"""From collected rows to tables, sentences and the report."""
