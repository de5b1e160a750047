"""Trust: who says it, and who may read it.

    identity       one spelling of each member and each hub
    certificates   for whom a certificate speaks, and for which use; read this first
    chains         from a certificate to a trust anchor
    revocation     what an issuer has taken back
    envelope       signatures over the exact bytes of statements
    sealing        content parts that named readers alone can open

No private key is here; `signer` and `sealing` say what one is asked for.
"""
