variable "ai_server_disk_type" {
  description = "Type of the AI servers' boot disks: pd-balanced, pd-ssd, or pd-standard where the quota SSD_TOTAL_GB is short."
  type        = string
  default     = "pd-balanced"
}

variable "ai_server_first_release" {
  description = "Image that the group starts with before the first deploy: `:TAG` or `@sha256:DIGEST` in the repository."
  type        = string

  validation {
    condition     = can(regex("^(:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}|@sha256:[0-9a-f]{64})$", var.ai_server_first_release)) && var.ai_server_first_release != ":latest"
    error_message = "ai_server_first_release: must be ':TAG' or '@sha256:DIGEST'. Fix: name a fixed tag; ':latest' moves."
  }
}

variable "ai_server_instances" {
  description = "Number of AI servers outside a rollout."
  type        = number
  default     = 1
}

variable "ai_server_machine_type" {
  description = "Machine type of the AI servers; amd64."
  type        = string
  default     = "n2d-standard-2"
}

variable "ai_server_tokens_secret" {
  description = "Name of the secret with the callers' tokens, as AI_SERVER_TOKENS in docs/ai-server.md; empty: every caller is accepted, and Terraform refuses an ingress."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,255}$", var.ai_server_tokens_secret)) && !contains(["dojangkok-backend-internal-token", "dojangkok-ocr-api", "dojangkok-vllm-api-key"], var.ai_server_tokens_secret)
    error_message = "ai_server_tokens_secret: must be the name of a secret of its own, of letters, digits, '-' and '_'. Fix: use 'dojangkok-ai-server-tokens'."
  }
}

variable "backend_callback_base_url" {
  description = "URL that results are sent to, without a version in its path."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.:/_-]+$", var.backend_callback_base_url)) && !endswith(var.backend_callback_base_url, "/v1")
    error_message = "backend_callback_base_url: must begin with https:// and must not end in /v1."
  }
}

variable "chromadb_boot_disk_type" {
  description = "Type of the boot disk of ChromaDB's VM: pd-balanced, pd-ssd, or pd-standard where the quota SSD_TOTAL_GB is short."
  type        = string
  default     = "pd-balanced"
}

variable "chromadb_data_disk_type" {
  description = "Type of ChromaDB's data disk: pd-balanced, pd-ssd or pd-standard. It cannot change later."
  type        = string
  default     = "pd-balanced"
}

variable "chromadb_disk_gib" {
  description = "Size of ChromaDB's data disk in GiB."
  type        = number
}

variable "chromadb_machine_type" {
  description = "Machine type of ChromaDB's VM; amd64."
  type        = string
  default     = "e2-medium"
}

variable "cpu_image" {
  description = "Image of packer/cpu-base, such as dojangkok-cpu-base-20260101."
  type        = string
}

variable "environment" {
  description = "Name of the environment: a file environments/ENV.yaml, and a GitHub environment."
  type        = string
}

variable "github_owner_id" {
  description = "Numeric id of the repository's owner on GitHub: `gh api users/OWNER --jq .id`."
  type        = string
}

variable "github_repository_id" {
  description = "Numeric id of the repository on GitHub: `gh api repos/OWNER/NAME --jq .id`."
  type        = string
}

variable "gpu_image" {
  description = "Image of packer/gpu-base, such as dojangkok-gpu-base-20260101."
  type        = string
}

variable "http_timeout_s" {
  description = "Seconds that the AI server waits for another service; a model needs minutes. A server that stops waits at most 60 s."
  type        = number
  default     = 180

  validation {
    condition     = var.http_timeout_s > 0
    error_message = "http_timeout_s: must be above 0. It may exceed the 60 s of a stopping server, which hands its unfinished jobs back."
  }
}

variable "is_protected" {
  description = "Whether deletion protection is on for the single VMs."
  type        = bool
}

variable "log_collector" {
  description = "Program that ships logs from the next boot on: alloy, or promtail, whose end of life was 2026-03-02."
  type        = string
  default     = "alloy"

  validation {
    condition     = contains(["alloy", "promtail"], var.log_collector)
    error_message = "log_collector: must be 'alloy' or 'promtail'."
  }
}

variable "loki_url" {
  description = "URL of Loki without a path, such as http://loki.example.com:3100."
  type        = string

  validation {
    condition     = can(regex("^https?://[A-Za-z0-9.:-]+$", var.loki_url))
    error_message = "loki_url: must be scheme, host and port, without a path."
  }
}

variable "monitoring_source_ranges" {
  description = "Private ranges that may read the exporters; empty if metrics are pushed."
  type        = set(string)
  default     = []
}

variable "vllm_disk_type" {
  description = "Type of the boot disk of vLLM's VM: pd-balanced or pd-ssd."
  type        = string
  default     = "pd-ssd"
}

variable "vllm_first_release" {
  description = "Image that vLLM's VM starts with before the first update: `:TAG` or `@sha256:DIGEST` of the image vllm in the same repository."
  type        = string

  validation {
    condition     = can(regex("^(:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}|@sha256:[0-9a-f]{64})$", var.vllm_first_release)) && var.vllm_first_release != ":latest"
    error_message = "vllm_first_release: must be ':TAG' or '@sha256:DIGEST'. Fix: name a fixed tag; ':latest' moves."
  }
}

variable "vllm_gpu_type" {
  description = "GPU type of vLLM's VM."
  type        = string
  default     = "nvidia-l4"
}

variable "vllm_machine_type" {
  description = "Machine type of vLLM's VM."
  type        = string
  default     = "g2-standard-4"
}
