# A network of its own, in which no machine has a public address: out through NAT, in through IAP alone.
resource "google_compute_network" "this" {
  # checkov:skip=CKV2_GCP_18: its rules are in a module of their own, where checkov does not look
  name                    = "${var.name}-vpc"
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  for_each = var.subnets
  # checkov:skip=CKV_GCP_76: there is no IPv6 in these subnets, so no Google address to reach by it

  name                     = each.key
  network                  = google_compute_network.this.id
  region                   = var.region
  ip_cidr_range            = each.value
  private_ip_google_access = true # Artifact Registry and Secret Manager without NAT

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "this" {
  name    = "${var.name}-router"
  network = google_compute_network.this.id
  region  = var.region
}

resource "google_compute_router_nat" "this" {
  name                               = "${var.name}-nat"
  router                             = google_compute_router.this.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
