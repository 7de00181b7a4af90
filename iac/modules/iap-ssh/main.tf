# One account may log in to one VM by SSH: through IAP, on port 22, with OS Login.
resource "google_iap_tunnel_instance_iam_member" "tunnel" {
  instance = var.instance
  zone     = var.zone
  role     = "roles/iap.tunnelResourceAccessor"
  member   = "serviceAccount:${var.account}"

  condition {
    title      = "ssh"
    expression = "destination.port == 22"
  }
}

resource "google_compute_instance_iam_member" "login" {
  instance_name = var.instance
  zone          = var.zone
  role          = "roles/compute.osAdminLogin" # includes sudo, which an update of the stack needs
  member        = "serviceAccount:${var.account}"
}
