variable "boot_disk_gib" {
  description = "Size of the boot disk in GiB; not below the image's own 50."
  type        = number

  validation {
    condition     = var.boot_disk_gib >= 50
    error_message = "boot_disk_gib: a disk can't be smaller than its image, which has 50 GiB."
  }
}

variable "boot_image" {
  description = "Image, not family, so that the plan says what is booted."
  type        = string

  validation {
    condition     = can(regex("-[0-9]{8,}$", var.boot_image)) && !strcontains(var.boot_image, "/family/")
    error_message = "boot_image: name one image, such as dojangkok-cpu-base-20260101, not a family."
  }
}

variable "data_disk_gib" {
  description = "Size of the data disk in GiB; it can grow, its file system at the next boot, and never shrink."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the machine can't be deleted before this is switched off."
  type        = bool
}

variable "labels" {
  description = "Labels of the machine."
  type        = map(string)
}

variable "machine_type" {
  description = "Such as e2-medium."
  type        = string
}

variable "name" {
  description = "Name of the machine."
  type        = string
}

variable "service_account" {
  description = "Email of the machine's account."
  type        = string
}

variable "startup_script" {
  description = "Run by root at every boot."
  type        = string

  validation {
    condition     = startswith(var.startup_script, "#!/bin/bash\n") && length(var.startup_script) < 128 * 1024
    error_message = "startup_script: begins with '#!/bin/bash', and is far below the 256 KiB that metadata holds."
  }
}

variable "subnet" {
  description = "Link of the machine's subnet."
  type        = string
}

variable "tags" {
  description = "Network tags, by which firewall rules find the machine."
  type        = set(string)
}

variable "zone" {
  description = "Zone of the machine."
  type        = string
}
