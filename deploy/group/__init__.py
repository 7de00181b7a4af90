"""What the state of a group means: health, drift, update policy, and what refuses a rollout. Pure."""
