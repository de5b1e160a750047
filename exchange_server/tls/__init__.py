"""The hub's certificate and the authority's revocation lists, as their files change.

certificate_file    the hub's own certificate and key
revocation_file     the list that is in force
held_lists          that list, held over restarts
revocation_install  a new list, put in place by the operator
glances             not too often, and by one thread at a time
tls_version         TLS 1.3 and nothing older
"""
