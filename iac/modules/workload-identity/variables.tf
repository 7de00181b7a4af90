variable "environment" {
  description = "GitHub environment that the job names; its reviewers and branches are GitHub's to enforce."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.environment))
    error_message = "environment: letters, digits, '.', '_', '-'."
  }
}

variable "ref" {
  description = "Branch that may log in, refs/heads/NAME."
  type        = string

  validation {
    condition     = can(regex("^refs/heads/[A-Za-z0-9._/-]+$", var.ref))
    error_message = "ref: such as refs/heads/main."
  }
}

variable "repository_id" {
  description = "Number of the repository: `gh api repos/OWNER/NAME --jq .id`."
  type        = string

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.repository_id))
    error_message = "repository_id: a number, not a name."
  }
}

variable "repository_owner_id" {
  description = "Number of its owner: `gh api users/OWNER --jq .id`."
  type        = string

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.repository_owner_id))
    error_message = "repository_owner_id: a number, not a name."
  }
}

variable "service_accounts" {
  description = "Full names of the accounts that jobs may become, projects/…/serviceAccounts/…, by a name of their own."
  type        = map(string)
}
