# A network without public addresses: egress through NAT, ingress by the firewall rules of modules/firewall.
resource "google_compute_network" "this" {
  # checkov:skip=CKV2_GCP_18: its rules are in another module, which checkov does not connect with this network
  name                    = "${var.name}-vpc"
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  for_each = var.subnets
  # checkov:skip=CKV_GCP_76: these subnets have no IPv6

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

# Peers allow this address, so it must stay the same.
resource "google_compute_address" "nat" {
  name   = "${var.name}-nat"
  region = var.region
}

resource "google_compute_router_nat" "this" {
  name                               = "${var.name}-nat"
  router                             = google_compute_router.this.name
  region                             = var.region
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.nat.self_link]
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
