# For vllm: cpu-base and the NVIDIA runtime. The driver comes with the source image.

build {
  name = "gpu-base"

  source "googlecompute.vm" {
    source_image            = var.gpu_source_image
    source_image_family     = "ubuntu-accelerator-2204-amd64-with-nvidia-580"
    source_image_project_id = ["ubuntu-os-accelerator-images"]

    # A VM with a GPU cannot migrate.
    machine_type        = "g2-standard-4"
    accelerator_type    = "projects/${var.project_id}/zones/${var.zone}/acceleratorTypes/nvidia-l4"
    accelerator_count   = 1
    on_host_maintenance = "TERMINATE"
    disk_size           = 200
    disk_type           = var.gpu_disk_type

    image_name        = "dojangkok-gpu-base-${local.built_at}"
    image_family      = "dojangkok-gpu-base"
    image_description = "${local.docker_versions}, NVIDIA Container Toolkit ${var.nvidia_toolkit_version}"
    image_labels      = { managed_by = "packer", service = "gpu-base", commit = var.commit }
    labels            = { managed_by = "packer", service = "gpu-base" }
  }

  provisioner "file" {
    source      = "${path.root}/scripts"
    destination = "/tmp"
  }

  provisioner "shell" {
    environment_vars = local.environment
    execute_command  = "chmod +x {{ .Path }} && sudo env {{ .Vars }} {{ .Path }}"
    inline_shebang   = "/bin/bash -e"
    inline           = ["bash /tmp/scripts/provision.sh gpu-base", "rm -rf /tmp/scripts"]
  }

  # The manifest names the source image, because the family moves.
  post-processor "manifest" {
    output      = "packer-manifest.json"
    strip_path  = true
    custom_data = { source_image = build.SourceImageName, commit = var.commit }
  }
}
