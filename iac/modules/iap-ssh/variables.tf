variable "account" {
  description = "Email of the account that logs in."
  type        = string
}

variable "instance" {
  description = "Name of the VM."
  type        = string
}

variable "zone" {
  description = "Zone of the VM."
  type        = string
}
