terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # The bucket is given at init: -backend-config=../existing_infrastructure/local.s3.tfbackend
  backend "s3" {
    key          = "variants.tfstate"
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      module = "variants"
    }
  }
}
