variable "boot_disk_gib" {
  description = "Size of the boot disk in GiB; at least the 50 GiB of the image."
  type        = number

  validation {
    condition     = var.boot_disk_gib >= 50
    error_message = "boot_disk_gib: must be at least 50, the size of the image in GiB."
  }
}

variable "boot_disk_type" {
  description = "Type of the boot disk."
  type        = string

  validation {
    condition     = contains(["pd-balanced", "pd-ssd", "pd-standard"], var.boot_disk_type)
    error_message = "boot_disk_type: must be 'pd-balanced', 'pd-ssd' or 'pd-standard'."
  }
}

variable "boot_image" {
  description = "Name of one image, not of a family, so that the plan shows which image boots."
  type        = string

  validation {
    condition     = can(regex("-[0-9]{8,}$", var.boot_image)) && !strcontains(var.boot_image, "/family/")
    error_message = "boot_image: must name one image, not a family. Fix: such as dojangkok-cpu-base-20260101."
  }
}

variable "data_disk_gib" {
  description = "Size of the data disk in GiB. A larger value grows the disk, and the file system at the next boot; the disk cannot shrink."
  type        = number
}

variable "data_disk_type" {
  description = "Type of the data disk. Another type needs another disk, which a plan refuses: copy the data first."
  type        = string

  validation {
    condition     = contains(["pd-balanced", "pd-ssd", "pd-standard"], var.data_disk_type)
    error_message = "data_disk_type: must be 'pd-balanced', 'pd-ssd' or 'pd-standard'."
  }
}

variable "deletion_protection" {
  description = "Whether Compute Engine refuses to delete the VM."
  type        = bool
}

variable "labels" {
  description = "Labels of the VM."
  type        = map(string)
}

variable "machine_type" {
  description = "Machine type, such as e2-medium."
  type        = string
}

variable "name" {
  description = "Name of the VM."
  type        = string
}

variable "service_account" {
  description = "Email of the VM's service account."
  type        = string
}

variable "startup_script" {
  description = "Script that root runs at every boot."
  type        = string

  validation {
    condition     = startswith(var.startup_script, "#!/bin/bash\n") && length(var.startup_script) < 128 * 1024
    error_message = "startup_script: must begin with '#!/bin/bash' and be shorter than 128 KiB, half of the limit for metadata."
  }
}

variable "subnet" {
  description = "Link of the VM's subnet."
  type        = string
}

variable "tags" {
  description = "Network tags that firewall rules apply to."
  type        = set(string)
}

variable "zone" {
  description = "Zone of the VM."
  type        = string
}
