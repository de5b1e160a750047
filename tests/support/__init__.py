"""What tests share: builders, certificates, hubs in memory."""
