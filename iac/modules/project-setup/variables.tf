variable "services" {
  description = "APIs to enable, such as compute.googleapis.com."
  type        = set(string)

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".googleapis.com")])
    error_message = "services: each must end in '.googleapis.com'."
  }
}
