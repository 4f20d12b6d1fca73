# A network load balancer whose health check is a TCP connection.

resource "aws_lb" "network" {
  name               = "network"
  load_balancer_type = "network"
  subnets            = aws_subnet.public[*].id
}

resource "aws_lb_target_group" "tcp" {
  name                 = "tcp"
  target_type          = "ip"
  protocol             = "TCP"
  port                 = 8080
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 20

  health_check {
    protocol = "TCP"
  }
}

resource "aws_lb_listener" "tcp" {
  load_balancer_arn = aws_lb.network.arn
  protocol          = "TCP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.tcp.arn
  }
}

output "tcp_target_group_arn" {
  value = aws_lb_target_group.tcp.arn
}

output "network_dns_name" {
  value = aws_lb.network.dns_name
}
