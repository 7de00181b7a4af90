"""The way of a release: lint, types, test, build, smoke, publish."""
