# An internal load balancer beside the public one: the API is a target of both.

resource "aws_lb" "internal" {
  name            = "internal"
  internal        = true
  subnets         = aws_subnet.nat[*].id
  security_groups = [aws_security_group.load_balancers.id]
}

resource "aws_lb_target_group" "internal" {
  name                 = "internal"
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 8080
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 20

  health_check {
    path = "/health"
  }
}

resource "aws_lb_listener" "internal" {
  load_balancer_arn = aws_lb.internal.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.internal.arn
  }
}

output "internal_target_group_arn" {
  value = aws_lb_target_group.internal.arn
}
