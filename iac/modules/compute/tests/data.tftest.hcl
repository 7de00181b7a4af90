mock_provider "google" {}

variables {
  name                = "dojangkok-dev-chromadb"
  zone                = "asia-northeast3-a"
  machine_type        = "e2-medium"
  boot_image          = "dojangkok-cpu-base-20260101"
  boot_disk_gib       = 50
  data_disk_gib       = 100
  deletion_protection = true
  subnet              = "projects/p/regions/asia-northeast3/subnetworks/s"
  tags                = ["chromadb"]
  labels              = {}
  service_account     = "chromadb@p.iam.gserviceaccount.com"
  startup_script      = "#!/bin/bash\ntrue\n"
}

# Planned and never applied: prevent_destroy keeps the disk from Terraform's own tidying up too.
run "data_are_not_on_the_boot_disk" {
  command = plan

  assert {
    condition     = one(google_compute_instance.this.attached_disk).device_name == "data" && google_compute_disk.data.size == 100
    error_message = "no disk of 100 GiB that the startup script finds as 'data'"
  }
  assert {
    condition     = google_compute_instance.this.deletion_protection
    error_message = "the machine can be deleted"
  }
}

run "family_is_no_image" {
  command = plan
  variables {
    boot_image = "projects/p/global/images/family/dojangkok-cpu-base"
  }
  expect_failures = [var.boot_image]
}
