terraform {
  required_version = "~> 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50" # the newest whose use was seen; what was checked with which is in iac/README.md
    }
  }
}
