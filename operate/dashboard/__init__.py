"""The environment's CloudWatch dashboard, drawn into a page that can be looked at before the dashboard exists."""
