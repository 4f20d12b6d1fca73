# A load balancer that several services share: 404 for what no rule knows, and the API behind rules by host and path.

resource "aws_lb" "shared" {
  name            = "shared"
  subnets         = aws_subnet.public[*].id
  security_groups = [aws_security_group.load_balancers.id]
}

resource "aws_lb_listener" "shared" {
  load_balancer_arn = aws_lb.shared.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type = "fixed-response"

    fixed_response {
      status_code  = "404"
      content_type = "text/html"
      message_body = "<h1>Nothing & nobody here</h1>"
    }
  }
}

resource "aws_lb_target_group" "api" {
  for_each = toset(["by-rules", "by-weight", "by-weight-next"])

  name                 = each.value
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 8080
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 20

  health_check {
    path = "/health"
  }
}

resource "aws_lb_listener_rule" "by_host_and_path" {
  listener_arn = aws_lb_listener.shared.arn
  priority     = 10

  condition {
    host_header {
      values = ["api.example.com", "*.api.example.com"]
    }
  }

  condition {
    path_pattern {
      values = ["/v1/*", "/health"]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api["by-rules"].arn
  }
}

resource "aws_lb_listener_rule" "by_weight" {
  listener_arn = aws_lb_listener.shared.arn
  priority     = 20

  condition {
    path_pattern {
      values = ["/weighted/*"]
    }
  }

  action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.api["by-weight"].arn
        weight = 90
      }

      target_group {
        arn    = aws_lb_target_group.api["by-weight-next"].arn
        weight = 10
      }
    }
  }
}

output "by_rules_target_group_arn" {
  value = aws_lb_target_group.api["by-rules"].arn
}

output "by_weight_target_group_arn" {
  value = aws_lb_target_group.api["by-weight"].arn
}

output "shared_dns_name" {
  value = aws_lb.shared.dns_name
}
