"""The methods of Compute v1 that are served, one module for each kind of resource."""
