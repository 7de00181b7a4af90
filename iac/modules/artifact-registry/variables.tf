variable "kept_versions" {
  description = "Number of newest versions of each image that stay without a tag; a push makes two, the image and its bill of materials."
  type        = number
  default     = 60

  validation {
    condition     = var.kept_versions >= 20
    error_message = "kept_versions: must be at least 20, which is 10 pushes; deploy keeps 7 releases for rollbacks."
  }
}

variable "name" {
  description = "Last part of the repository's name."
  type        = string
}

variable "readers" {
  description = "Emails of accounts that pull, by label."
  type        = map(string)
}

variable "region" {
  description = "Region of the repository."
  type        = string
}

variable "untagged_days" {
  description = "Days after which a version without a tag is deleted."
  type        = number
  default     = 30
}

variable "writers" {
  description = "Emails of accounts that push, by label."
  type        = map(string)
}
