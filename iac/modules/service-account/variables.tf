variable "name" {
  description = "What stands before the @ of its email."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "name: 6 to 30 characters, lower case."
  }
}

variable "permissions" {
  description = "Permissions on the project, granted by a role of its own; empty where it needs none."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.permissions : !can(regex("setIamPolicy|setCommonInstanceMetadata|\\*", one))])
    error_message = "permissions: none that lets the account give itself more."
  }
}

variable "project" {
  description = "Id of the project."
  type        = string
}

variable "project_roles" {
  description = "Predefined roles on the project."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.project_roles, ["roles/logging.logWriter", "roles/monitoring.metricWriter"])) == 0
    error_message = "project_roles: logs and metrics only; grant everything else on the one thing that is needed."
  }
}

variable "purpose" {
  description = "What it is for, shown in the console."
  type        = string
}

variable "users" {
  description = "Emails of accounts that may start machines which run as this one, by a name of their own."
  type        = map(string)
  default     = {}
}
