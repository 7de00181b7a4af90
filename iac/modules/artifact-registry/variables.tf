variable "kept_versions" {
  description = "Newest versions of each image that stay whatever tags they have; a push is two, the image and its bill of materials."
  type        = number
  default     = 60

  validation {
    condition     = var.kept_versions >= 20
    error_message = "kept_versions: at least 20, which is 10 pushes; deploy keeps 7 releases to go back to."
  }
}

variable "name" {
  description = "Last part of the repository's name."
  type        = string
}

variable "readers" {
  description = "Emails of accounts that pull, by a name of their own."
  type        = map(string)
}

variable "region" {
  description = "Where it is."
  type        = string
}

variable "untagged_days" {
  description = "Days after which a version without a tag is deleted."
  type        = number
  default     = 30
}

variable "writers" {
  description = "Emails of accounts that push, by a name of their own."
  type        = map(string)
}
