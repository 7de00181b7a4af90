"""Programs that run inside the pipeline's containers: the standard library alone, called by path or as a module."""
