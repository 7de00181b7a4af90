"""
Programs that run inside the pipeline's containers, called by path or as a module.

They need the standard library alone; audit.py also has the dependency group `audit` of ci.
"""
