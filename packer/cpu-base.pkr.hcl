# For ai-server and chromadb: Docker, the exporters, and the layers under the app.

build {
  name = "cpu-base"

  source "googlecompute.vm" {
    source_image            = var.cpu_source_image
    source_image_family     = "ubuntu-2204-lts"
    source_image_project_id = ["ubuntu-os-cloud"]

    machine_type = "e2-medium"
    disk_size    = 50
    disk_type    = var.cpu_disk_type

    image_name        = "dojangkok-cpu-base-${local.built_at}"
    image_family      = "dojangkok-cpu-base"
    image_description = local.docker_versions
    image_labels      = { managed_by = "packer", service = "cpu-base", commit = var.commit }
    labels            = { managed_by = "packer", service = "cpu-base" }
  }

  provisioner "file" {
    source      = "${path.root}/scripts"
    destination = "/tmp"
  }

  provisioner "shell" {
    environment_vars = local.environment
    execute_command  = "chmod +x {{ .Path }} && sudo env {{ .Vars }} {{ .Path }}"
    inline_shebang   = "/bin/bash -e"
    inline           = ["bash /tmp/scripts/provision.sh cpu-base", "rm -rf /tmp/scripts"]
  }

  # The manifest names the source image, because the family moves.
  post-processor "manifest" {
    output      = "packer-manifest.json"
    strip_path  = true
    custom_data = { source_image = build.SourceImageName, commit = var.commit }
  }
}
