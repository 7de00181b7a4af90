# Keyless login of GitHub's jobs: of one repository, one branch, one environment.
resource "google_iam_workload_identity_pool" "github" {
  workload_identity_pool_id = "github-pool"
  display_name              = "GitHub"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: it wants `sub`, whose form GitHub is changing and whose names can be taken over after a rename; policy/test_oidc.py tries this condition on tokens
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github-provider"

  attribute_mapping = {
    "google.subject"          = "assertion.sub" # 127 bytes at most: 'repo:OWNER/NAME:environment:NAME' has room
    "attribute.repository_id" = "assertion.repository_id"
  }

  attribute_condition = local.condition

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "impersonation" {
  for_each = var.service_accounts

  service_account_id = each.value
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/attribute.repository_id/${var.repository_id}"
}
