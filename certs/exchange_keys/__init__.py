"""Private keys: how they are kept at rest, loaded and used.

    SoftwareSigner      a `Signer` (`exchange_protocol.signer`) whose key is in memory
    TokenSigner         a `Signer` whose key is in a token (PKCS #11)
    TokenTlsKey         a key in a token that signs the handshakes of a client's channel
    SealingPrivateKey   a `Decapsulator` (`exchange_protocol.trust.sealing`) whose key is in memory
    key_files           key files: encrypted PKCS #8 in PEM
    passphrases         passphrases, from files or the environment
    guarded             reading files that nobody else may read, or write

Rules of this package (docs/adr/0029-one-room-for-keys.md):

- At rest every private key is PKCS #8 in PEM, encrypted under a passphrase, in a file of mode 0600
  that is never written over. Passphrases come from files of the same mode or from the environment,
  never from arguments, which every process of the machine may read.
- A secret that anyone but its owner may read is not loaded, nor is a pinned file that anyone else
  may write.
- Whoever uses a key sees a protocol. A device (PKCS #11) is another implementation of the two
  protocols; nothing outside of this package would change.
- No key and no passphrase is ever put into a `repr`, an error or a log.
"""

from exchange_keys.certificates import certificate_chain, plain_pem
from exchange_keys.guarded import check_guarded_folder, read_pinned, read_secret
from exchange_keys.handshakes import TokenTlsKey
from exchange_keys.key_files import (
    TlsKey,
    encrypted_sealing_key,
    load_client_tls_key,
    load_ec_key,
    load_foreign_key,
    load_sealing_key,
    load_signer,
    load_tls_key,
    save_private_key,
)
from exchange_keys.passphrases import MIN_PASSPHRASE_BYTES, read_passphrase, verify_passphrase
from exchange_keys.pem import encrypted_pem
from exchange_keys.sealing import SealingPrivateKey
from exchange_keys.signers import SoftwareSigner
from exchange_keys.tokens import TokenSigner, is_in_token

__all__ = [
    "MIN_PASSPHRASE_BYTES",
    "SealingPrivateKey",
    "SoftwareSigner",
    "TlsKey",
    "TokenSigner",
    "TokenTlsKey",
    "certificate_chain",
    "check_guarded_folder",
    "encrypted_pem",
    "encrypted_sealing_key",
    "is_in_token",
    "load_client_tls_key",
    "load_ec_key",
    "load_foreign_key",
    "load_sealing_key",
    "load_signer",
    "load_tls_key",
    "plain_pem",
    "read_passphrase",
    "read_pinned",
    "read_secret",
    "save_private_key",
    "verify_passphrase",
]
