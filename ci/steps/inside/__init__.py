"""Programs that run in the pipeline's containers: the standard library alone, called by their path."""
