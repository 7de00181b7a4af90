# The registry of the images.
resource "google_artifact_registry_repository" "this" {
  # checkov:skip=CKV_GCP_84: Google's own keys encrypt it; a key of our own could be lost
  location      = var.region
  repository_id = var.name
  description   = "Images of the AI servers."
  format        = "DOCKER"

  # The tag `latest` moves; deploy uses digests only.
  docker_config {
    immutable_tags = false
  }

  cleanup_policy_dry_run = false

  # A template contains its image by digest, and the policies below keep every tagged image. A push gives an image a tag
  # with its digest, which never moves, beside that of its commit: so no image of a template is without a tag.
  # policy/test_cleanup.py compares what these policies delete with what `prune --images` lists.
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

  # Other tools push without such a tag, and a second push moves theirs, perhaps while a template uses the first image.
  # So the newest versions stay without a tag. A push makes two versions, so 60 versions are 30 pushes; deploy keeps 7
  # releases. A KEEP policy overrides a DELETE policy.
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
  role       = "roles/artifactregistry.writer" # may push and tag, may not delete
  member     = "serviceAccount:${each.value}"
}
