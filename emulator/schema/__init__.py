"""What Compute v1 is made of, as google-cloud-compute knows it: methods, messages, enums, read-only fields."""
