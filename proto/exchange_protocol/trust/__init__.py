"""Trust: identities, certificates, signatures and seals."""
