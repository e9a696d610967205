"""Infrastructure as text: what `azd up` makes, proved without a subscription."""
