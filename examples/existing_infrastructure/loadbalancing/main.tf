data "terraform_remote_state" "networking" {
  backend = "s3"

  config = {
    bucket = var.state_bucket
    key    = "networking.tfstate"
    region = var.region
  }
}

data "terraform_remote_state" "security" {
  backend = "s3"

  config = {
    bucket = var.state_bucket
    key    = "security.tfstate"
    region = var.region
  }
}

resource "aws_lb" "main" {
  name               = "main"
  load_balancer_type = "application"
  subnets            = data.terraform_remote_state.networking.outputs.public_subnet_ids
  security_groups    = [data.terraform_remote_state.security.outputs.alb_security_group_id]
}

resource "aws_lb_target_group" "app" {
  name                 = "app"
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 8080
  vpc_id               = data.terraform_remote_state.networking.outputs.vpc_id
  deregistration_delay = 20

  health_check {
    path                = "/health"
    matcher             = "200"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}
