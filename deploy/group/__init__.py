"""The state of a group: health, drift, update policy, refusals and warnings. Pure: no network, file or clock."""
