# Security groups whose entries have several peers each: CIDRs, IPv6 CIDRs, a prefix list, other groups, and itself.

resource "aws_security_group" "load_balancers" {
  name        = "load-balancers"
  description = "The load balancers, open to the internet and to the office"
  vpc_id      = aws_vpc.main.id

  ingress {
    description      = "HTTP and HTTPS from anywhere"
    protocol         = "tcp"
    from_port        = 80
    to_port          = 443
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_ec2_managed_prefix_list" "office" {
  name           = "office"
  address_family = "IPv4"
  max_entries    = 1

  entry {
    cidr = "203.0.113.0/24"
  }
}

resource "aws_security_group" "many_peers" {
  name        = "many-peers"
  description = "The application, reached by several peers"
  vpc_id      = aws_vpc.main.id

  ingress {
    description      = "Who may ask the API"
    protocol         = "tcp"
    from_port        = 8080
    to_port          = 8080
    cidr_blocks      = ["10.2.0.0/16", "10.3.0.0/16"]
    ipv6_cidr_blocks = ["2001:db8:1::/48", "2001:db8:2::/48"]
    prefix_list_ids  = [aws_ec2_managed_prefix_list.office.id]
    security_groups  = [aws_security_group.load_balancers.id]
    self             = true
  }

  egress {
    description      = "Everything"
    protocol         = "-1"
    from_port        = 0
    to_port          = 0
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
}

output "many_peers_security_group_id" {
  value = aws_security_group.many_peers.id
}
