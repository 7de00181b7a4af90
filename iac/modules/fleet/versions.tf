terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50" # the newest version seen in use; iac/README.md lists what was checked with which version
    }
  }
}
