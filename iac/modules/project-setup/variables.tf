variable "services" {
  description = "APIs to switch on, such as compute.googleapis.com."
  type        = set(string)

  validation {
    condition     = alltrue([for one in var.services : endswith(one, ".googleapis.com")])
    error_message = "services: each ends in '.googleapis.com'."
  }
}
