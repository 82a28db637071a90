"""The work of curators: decisions, answers, leases, queues, cards, remarks and bulk actions."""
