variable "accessors" {
  description = "Emails of the accounts that read the secret, by label."
  type        = map(string)

  validation {
    condition     = length(var.accessors) > 0
    error_message = "accessors: must have at least one entry. Fix: delete a secret without readers."
  }
}

variable "name" {
  description = "Name of the secret."
  type        = string
}

variable "region" {
  description = "Region of the secret."
  type        = string
}
