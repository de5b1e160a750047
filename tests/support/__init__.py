"""The common ground of tests: builders, certificates, hubs in memory."""
