"""The state behind the API: documents, groups, operations, clock, and the file that keeps them."""
