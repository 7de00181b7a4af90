"""The APIs of Google that must be enabled in a project."""

from typing import Final

# APIs that a rollout, the login of a job and the instances of iac/ use; policy/test_iac_apis.py compares both lists.
REQUIRED_SERVICES: Final = (
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "oslogin.googleapis.com",
    "secretmanager.googleapis.com",
    "sts.googleapis.com",
)
