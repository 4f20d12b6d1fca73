# A security group with rules inline for one direction, and as resources of both kinds for the other.

resource "aws_security_group" "mixed_rules" {
  name        = "mixed-rules"
  description = "The application, reached through the load balancers"
  vpc_id      = aws_vpc.main.id

  ingress {
    description     = "From the load balancers"
    protocol        = "tcp"
    from_port       = 8080
    to_port         = 8080
    security_groups = [aws_security_group.load_balancers.id]
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = {
    anywhere      = { cidr_ipv4 = "0.0.0.0/0" }
    anywhere_ipv6 = { cidr_ipv6 = "::/0" }
  }

  security_group_id = aws_security_group.mixed_rules.id
  description       = "AWS APIs and images"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = try(each.value.cidr_ipv4, null)
  cidr_ipv6         = try(each.value.cidr_ipv6, null)
}

resource "aws_security_group_rule" "databases" {
  security_group_id = aws_security_group.mixed_rules.id
  description       = "Databases"
  type              = "egress"
  protocol          = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_blocks       = ["10.2.0.0/16", "10.3.0.0/16"]
}

output "mixed_rules_security_group_id" {
  value = aws_security_group.mixed_rules.id
}
