"""
The local Dagger engine: CLI, engine and stand-in images from package registries alone.

`daggerw` calls it where a machine has no Docker or reaches no release site; README.md explains it.
"""
