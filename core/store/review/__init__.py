"""What curators do: decisions, answers, leases, queues, cards, remarks, bulk actions."""
