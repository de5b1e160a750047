"""The contract: what hub, client and auditor must compute identically."""
