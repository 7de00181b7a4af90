"""Updates of vLLM and ChromaDB: single machines, which cannot roll, reached over SSH."""
