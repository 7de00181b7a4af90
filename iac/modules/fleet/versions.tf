terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.0" # iac/README.md lists what was checked with which version
    }
  }
}
