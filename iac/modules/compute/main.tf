# A single VM with its data on a separate disk, so that the VM can be deleted and created again without losing data.
resource "google_compute_disk" "data" {
  # checkov:skip=CKV_GCP_37: Google's own keys encrypt it; a key of our own could be lost
  name   = "${var.name}-data"
  type   = var.data_disk_type
  zone   = var.zone
  size   = var.data_disk_gib
  labels = var.labels

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_instance" "this" {
  # checkov:skip=CKV_GCP_38: as for the data disk
  name                      = var.name
  machine_type              = var.machine_type
  zone                      = var.zone
  tags                      = var.tags
  labels                    = var.labels
  deletion_protection       = var.deletion_protection
  allow_stopping_for_update = true

  boot_disk {
    auto_delete = true

    initialize_params {
      image = var.boot_image
      size  = var.boot_disk_gib
      type  = var.boot_disk_type
    }
  }

  attached_disk {
    source      = google_compute_disk.data.id
    device_name = "data" # /dev/disk/by-id/google-data
  }

  network_interface {
    subnetwork = var.subnet # no access_config, so no public address
  }

  service_account {
    email  = var.service_account
    scopes = ["cloud-platform"] # Secret Manager needs this scope; IAM limits the access
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  # A changed metadata entry is updated in place; metadata_startup_script would replace the VM.
  metadata = {
    enable-oslogin          = "TRUE"
    enable-guest-attributes = "TRUE" # the VM publishes its host key there; `accessory` trusts only this key
    block-project-ssh-keys  = "TRUE"
    startup-script          = var.startup_script
  }

  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image] # a person decides when a VM gets a new base image
  }
}
