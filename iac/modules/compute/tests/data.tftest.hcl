mock_provider "google" {}

variables {
  name                = "dojangkok-dev-chromadb"
  zone                = "asia-northeast3-a"
  machine_type        = "e2-medium"
  boot_image          = "dojangkok-cpu-base-20260101"
  boot_disk_gib       = 50
  boot_disk_type      = "pd-standard"
  data_disk_gib       = 100
  data_disk_type      = "pd-ssd"
  deletion_protection = true
  subnet              = "projects/p/regions/asia-northeast3/subnetworks/s"
  tags                = ["chromadb"]
  labels              = {}
  service_account     = "chromadb@p.iam.gserviceaccount.com"
  startup_script      = "#!/bin/bash\ntrue\n"
}

# Planned only: prevent_destroy would also stop the clean-up after an applied test.
run "data_disk_is_separate_from_the_boot_disk" {
  command = plan

  assert {
    condition     = one(google_compute_instance.this.attached_disk).device_name == "data" && google_compute_disk.data.size == 100
    error_message = "no disk of 100 GiB has the device name 'data' of the startup script"
  }
  assert {
    condition     = one(one(google_compute_instance.this.boot_disk).initialize_params).type == "pd-standard" && google_compute_disk.data.type == "pd-ssd"
    error_message = "the types of the disks differ from the variables"
  }
  assert {
    condition     = google_compute_instance.this.deletion_protection
    error_message = "the VM can be deleted"
  }
}

run "image_family_is_refused" {
  command = plan
  variables {
    boot_image = "projects/p/global/images/family/dojangkok-cpu-base"
  }
  expect_failures = [var.boot_image]
}
