# Keyless login for GitHub's jobs of one repository, one branch and one environment.
resource "google_iam_workload_identity_pool" "github" {
  workload_identity_pool_id = "github-pool"
  display_name              = "GitHub"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: it expects `sub`, whose format GitHub is changing and whose names another owner can take after a rename; policy/test_oidc.py tests this condition with tokens
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github-provider"

  attribute_mapping = {
    "google.subject"          = "assertion.sub" # at most 127 bytes, which 'repo:OWNER/NAME:environment:NAME' does not reach
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
