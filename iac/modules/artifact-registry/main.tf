# The registry of the images.
resource "google_artifact_registry_repository" "this" {
  # checkov:skip=CKV_GCP_84: Google's own keys encrypt it; a key of ours would be one more thing that can be lost
  location      = var.region
  repository_id = var.name
  description   = "Images of the AI servers."
  format        = "DOCKER"

  # Tags may move, because `latest` does; nothing deploys a tag.
  docker_config {
    immutable_tags = false
  }

  cleanup_policy_dry_run = false

  # A template that deploy keeps names its image by digest. A release is published with its commit as a tag, and
  # whatever has a tag stays.
  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.untagged_days * 24 * 60 * 60}s"
    }
  }

  cleanup_policies {
    id     = "keep-tagged"
    action = "KEEP"

    condition {
      tag_state = "TAGGED"
    }
  }

  # A second run of one commit moves its tag, and leaves the image of the first without one, perhaps while a template
  # names it: the newest stay without. A push is two versions, so 60 are 30 pushes; deploy keeps 7 releases. Keeping wins
  # over deleting.
  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.kept_versions
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = var.readers

  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.reader"
  member     = "serviceAccount:${each.value}"
}

resource "google_artifact_registry_repository_iam_member" "writer" {
  for_each = var.writers

  location   = google_artifact_registry_repository.this.location
  repository = google_artifact_registry_repository.this.name
  role       = "roles/artifactregistry.writer" # pushes and tags, deletes nothing
  member     = "serviceAccount:${each.value}"
}
