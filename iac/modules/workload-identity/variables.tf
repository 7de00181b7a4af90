variable "environment" {
  description = "GitHub environment of the job; GitHub enforces its reviewers and branches."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.environment))
    error_message = "environment: must consist of letters, digits, '.', '_' and '-'."
  }
}

variable "ref" {
  description = "Branch that may log in, refs/heads/NAME."
  type        = string

  validation {
    condition     = can(regex("^refs/heads/[A-Za-z0-9._/-]+$", var.ref))
    error_message = "ref: must begin with refs/heads/, such as refs/heads/main."
  }
}

variable "repository_id" {
  description = "Numeric id of the repository: `gh api repos/OWNER/NAME --jq .id`."
  type        = string

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.repository_id))
    error_message = "repository_id: must be the numeric id, not a name."
  }
}

variable "repository_owner_id" {
  description = "Numeric id of the repository's owner: `gh api users/OWNER --jq .id`."
  type        = string

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.repository_owner_id))
    error_message = "repository_owner_id: must be the numeric id, not a name."
  }
}

variable "service_accounts" {
  description = "Full names of the accounts that jobs may impersonate, projects/…/serviceAccounts/…, by label."
  type        = map(string)
}
