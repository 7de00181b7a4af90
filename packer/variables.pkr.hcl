# Versions are complete versions of Debian packages, as apt prints them; README.md has the evidence for each.

variable "commit" {
  type        = string
  description = "Commit of this repository, for the image's labels."
  default     = "unknown"

  validation {
    condition     = can(regex("^(unknown|[0-9a-f]{7,40})$", var.commit))
    error_message = "The commit must be 7 to 40 hexadecimal digits."
  }
}

variable "cpu_disk_type" {
  type        = string
  description = "Type of the disk of cpu-base's VM, such as pd-standard where the quota SSD_TOTAL_GB is short."
  default     = "pd-ssd"
}

variable "gpu_disk_type" {
  type        = string
  description = "Type of the disk of gpu-base's VM."
  default     = "pd-ssd"

  validation {
    condition     = contains(["pd-balanced", "pd-ssd"], var.gpu_disk_type)
    error_message = "The gpu_disk_type must be pd-balanced or pd-ssd, because a G2 machine type takes no pd-standard."
  }
}

variable "cpu_source_image" {
  type        = string
  description = "Image of ubuntu-os-cloud, to repeat a build; by default the newest image of the family."
  default     = null
}

variable "gpu_source_image" {
  type        = string
  description = "Image of ubuntu-os-accelerator-images, to repeat a build; by default the newest image of the family."
  default     = null
}

variable "docker_buildx_version" {
  type    = string
  default = "0.30.1-1~ubuntu.22.04~jammy"
}

variable "docker_compose_version" {
  type    = string
  default = "2.40.3-1~ubuntu.22.04~jammy"
}

variable "docker_containerd_version" {
  type    = string
  default = "1.7.29-1~ubuntu.22.04~jammy"
}

variable "docker_version" {
  type        = string
  description = "Version of docker-ce and docker-ce-cli."
  default     = "5:28.5.2-1~ubuntu.22.04~jammy"
}

variable "nvidia_toolkit_version" {
  type        = string
  description = "Version of nvidia-container-toolkit and its three packages."
  default     = "1.18.2-1"
}

variable "project_id" {
  type        = string
  description = "Project of the build and of the images."
}

variable "subnetwork" {
  type        = string
  description = "Subnetwork of the build, with access through IAP and with a NAT."
}

variable "zone" {
  type        = string
  description = "Zone of the build; its region stores the images, and is the region of root's registry login."
  default     = "asia-northeast3-a"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "The zone must be like asia-northeast3-a."
  }
}
