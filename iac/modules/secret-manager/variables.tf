variable "accessors" {
  description = "Emails of the accounts that read it, by a name of their own."
  type        = map(string)

  validation {
    condition     = length(var.accessors) > 0
    error_message = "accessors: name at least one; a secret that nobody reads is one too many."
  }
}

variable "name" {
  description = "Name of the secret."
  type        = string
}

variable "region" {
  description = "Where it is kept."
  type        = string
}
