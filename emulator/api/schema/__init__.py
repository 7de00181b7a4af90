"""The methods and fields of Compute v1, generated from google-cloud-compute."""
