mock_provider "google" {}

variables {
  name    = "dojangkok-ai"
  region  = "asia-northeast3"
  subnets = { dojangkok-dev-subnet = "10.10.0.0/24" }
}

run "nat_has_one_static_address" {
  assert {
    condition     = google_compute_router_nat.this.nat_ip_allocate_option == "MANUAL_ONLY" && google_compute_router_nat.this.nat_ips == toset([google_compute_address.nat.self_link])
    error_message = "peers allow one address, and the NAT may use another"
  }
  assert {
    condition     = google_compute_address.nat.region == "asia-northeast3" && output.nat_address == google_compute_address.nat.address
    error_message = "the output is not the address of the NAT"
  }
}
