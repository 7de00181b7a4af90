# Who may open a shell on one machine: through IAP, on port 22, under a name that OS Login knows.
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
  role          = "roles/compute.osAdminLogin" # with sudo: it updates the stack
  member        = "serviceAccount:${var.account}"
}
