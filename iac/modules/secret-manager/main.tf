# A secret and its readers. Terraform does not set the value, because every reader of the state could read it.
resource "google_secret_manager_secret" "this" {
  secret_id = var.name

  # In one region; version 4 of the provider and all later versions accept this block.
  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_iam_member" "accessor" {
  for_each = var.accessors

  secret_id = google_secret_manager_secret.this.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${each.value}"
}
