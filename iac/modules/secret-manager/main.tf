# A secret, and who reads it. Its value is no business of Terraform's: what stands in a state can be read from it.
resource "google_secret_manager_secret" "this" {
  secret_id = var.name

  # In one region, and in words that the provider has understood since its fourth version.
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
