"""Rules over everything that is no Python: stacks, images, infrastructure, workflows; one test file for each."""
