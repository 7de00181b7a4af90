mock_provider "google" {}

variables {
  name    = "dojangkok-ai"
  region  = "asia-northeast3"
  readers = {}
  writers = {}
}

run "fewer_versions_than_kept_releases_are_refused" {
  command = plan
  variables {
    kept_versions = 19
  }
  expect_failures = [var.kept_versions]
}

run "sixty_versions_stay_by_default" {
  command = plan

  assert {
    condition     = var.kept_versions == 60
    error_message = "a push makes two versions, the image and its bill of materials"
  }
}
