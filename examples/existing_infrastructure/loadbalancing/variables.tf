variable "region" {
  type    = string
  default = "us-east-1"
}

variable "state_bucket" {
  description = "The bucket that holds the other modules' states."
  type        = string
  default     = "terraform-state"
}
