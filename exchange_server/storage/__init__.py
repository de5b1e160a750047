"""Storage: tables, their queries, and the engine; no rules of the exchange.

tables, columns   the tables, and their types on both databases
rows              rows as frozen values
log_rows, statement_rows, cosignature_rows
                  the log: entries, tiles, statements, witnesses
exchange_rows     the state of exchanges
party_rows, newest_rows, feed_rows
                  what an agency is listed and told
part_rows         sealed bytes; usage_rows, whose they are
engine            transactions on SQLite and on PostgreSQL
database_file, local_disk
                  the one file of SQLite, and the disk that it is on
postgresql, server_check, notifications
                  connections, a server's own settings, hubs that tell each other
schema            the version of the tables; migrations has the way there
copies, transfer, backup_cipher
                  backups, from one database into another, under a passphrase
"""
