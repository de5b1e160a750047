#!/usr/bin/env python3
"""Verify an evidence bundle of the exchange with Python's standard library and openssl alone.

    python3 -I verify.py BUNDLE.zip --root root.pem --log-key VKEY
        [--witness VKEY ... [--witnesses-required K]] [--tsa-root tsa.pem]

Needs Python 3.9 or later and OpenSSL 3. Take this script, the root certificate and the log's key
from a place that you trust, never from the bundle: whoever made the bundle could have altered them.
So too the keys of witnesses and the root of a time-stamping authority; without --witness no
cosignature, without --tsa-root no time stamp is verified.

Steps:
 1. The archive is within bounds, and holds the files of its manifest, each with its SHA-256.
 2. The log's key signed the checkpoint (Ed25519, C2SP signed note), or a successor of that key: the
   bundle's directory names it by a statement of the operating agency that both keys have signed.
 3. Every entry is in the tree of that checkpoint: HMAC with its nonce, RFC 6962 leaf and proof.
 4. The directory entries are all there, in order; each certificate leads to the root at the hub's
    time, by authorities, keys and signatures that the exchange takes, is for signing documents, and
    was published before it was used and not revoked.
 5. Every statement and its signatures are those that its entry names, and the author signed it
    (ECDSA over DSSE PAE). Where its certificate holds a second key, of ML-DSA-65, there must be a
    second signature; it is verified by OpenSSL 3.5 or later, and else told of as not verified.
    Entries of version 0.1 name no signature.
 6. Every ruling cites the policy that was in force, whose signed text is in the bundle.
 7. A disclosed part opens: its sealed bytes are those that were signed, they commit to the content
    key, every AES-256-GCM tag is good, and the text is the one in the bundle.
 8. With --witness: so many of these witnesses cosigned the checkpoint (C2SP tlog-cosignature), each
    once, and no line in the name and key id of one of them is false.
 9. With --tsa-root: a time-stamping authority signed the SHA-256 of the checkpoint (RFC 3161),
    under a certificate for that alone which leads to its root, as at the time that it signed.

Not checked: account.html, which is only there to be read; whether the rules were kept, those of the
policy and of who may publish what in the directory (`agency evidence verify` replays them); whether
the exporter left out entries of the exchange; and, without --witness, whether the log showed others
another history (compare checkpoints).

Exit code 0: all of it verifies; 10: something does not; 2: the command is wrong, or the file is no
whole bundle, such as one that was cut off; 5: all of it verifies, and the disk did not take the
lines that say so; 6: this machine cannot check it, by its Python or its openssl; 130: it was
stopped. None but 0 and 10 says anything of those whom the bundle is about; a Python that fails by
itself, such as Python 2, ends with 1. A reader of the lines who leaves, as `head` does, changes no
code. A verdict is a last line that begins with VERIFIED or with NOT VERIFIED.

A bundle that was unpacked and packed again verifies as before, also within a folder, with
backslashes in its names, or beside files that macOS and Windows add (__MACOSX, .DS_Store): the
archive is only the wrapping.
"""

import sys

try:
    import argparse
    import base64
    import binascii
    import errno
    import hashlib
    import hmac
    import json
    import os
    import re
    import shutil
    import stat
    import struct
    import subprocess
    import tempfile
    import zipfile
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta, timezone
    from pathlib import Path
    from typing import Any
except ImportError as lacking:
    # A Python without all of its standard library, such as python3-minimal of Debian.
    sys.stdout.write("NOT CHECKED  PYTHON_UNFIT: this Python is not whole (" + str(lacking) + ")\n")
    sys.exit(6)

# Python 2 ends here, with exit code 1 as all of its errors, and shows the next line.
SAID_BY_PYTHON_2: str = "NOT CHECKED  PYTHON_TOO_OLD: expected Python 3.9 or later, as python3"

# Annotations stand in quotes where Python 3.6 could not read them: a machine that is too old must
# come as far as to say so; its error of syntax would say nothing that a person understands.
if sys.version_info < (3, 9):  # noqa: UP036 - it runs on other machines
    sys.stdout.write("NOT CHECKED  PYTHON_TOO_OLD: expected Python 3.9 or later\n")
    sys.exit(6)

FORMAT = "caricc-exchange/evidence"
VERSION = 1
MANIFEST = "manifest.json"
READING = ("account.html", "verify.py")
STAMP = "checkpoint.tsr"
SECOND_SIGNATURE = "signature.ml-dsa-65"
ABOUT = ("exchange_id", "exported_at", "exported_by", "software")
PAYLOAD_TYPE = b"application/vnd.caricc.exchange.statement.v1+protobuf"
BATCH_TYPE = b"application/vnd.caricc.exchange.batch.v1"
LEAF_PREFIX = b"caricc-exchange/leaf/v1\n"
CONTENT_LABEL = b"caricc-exchange/content/v1"
SUITE = 1
_LOG_SIGNATURE, _COSIGNATURE = 1, 4
"""Types of keys in a note (C2SP): plain Ed25519, and with a time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9

MAX_ARCHIVE_BYTES = 1 << 30
MAX_TOTAL_BYTES = 1 << 30
MAX_FILES = 50_000
MAX_INDEX_BYTES = 16 << 20
"""Of the archive's own table of contents, and of the manifest."""
MAX_FILE_BYTES = 4 << 20
MAX_NOTE_BYTES = 16 << 10
MAX_SIGNATURES = 64
MAX_COSIGNED_SECONDS = 253402214400
"""9999-12-31: the latest time of a cosignature."""
MAX_PART_BYTES = 65 << 20
"""Of a disclosed part: the exchange's own limit for sealed bytes is 64 MiB."""
_CHUNK = 64 * 1024
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
"""Flags of a zip file: encrypted, strongly, with its table of contents."""
_LOCAL_HEADER_BYTES = 30
"""At least: a name follows."""
_OPENSSL_SECONDS = 60

# An inspection, event 4, is of no exchange, so it has no place in a bundle.
STATEMENT, DELIVERY, DENIAL = 1, 2, 3
EVENTS = {STATEMENT: "statement", DELIVERY: "delivery", DENIAL: "denial"}
# The kinds, as scripts/generate_client.py writes them: do not edit.
KINDS = {
    30: "information_request",
    31: "referral",
    32: "analysis_request",
    33: "asset_trace_request",
    34: "urgent_freeze_request",
    35: "advance_notice",
    36: "connectivity_test",
    37: "joint_case",
    150: "certificate_request",
    40: "acknowledge",
    41: "return_for_information",
    42: "supplement",
    43: "interim_reply",
    44: "partial_reply",
    45: "reply",
    46: "refuse",
    47: "analysis_product",
    48: "decision",
    49: "recall",
    50: "feedback",
    51: "close",
    52: "erase_notice",
    53: "extend_deadline",
    54: "freeze_status",
    55: "ask_to_lift",
    56: "asset_findings",
    57: "announce_correction",
    58: "correct",
    59: "remind",
    60: "claim",
    61: "confirm_recall",
    62: "erase_answer",
    63: "give_notice",
    64: "clearance",
    65: "answer_test",
    66: "consent_request",
    67: "consent_decision",
    80: "invite",
    81: "join",
    82: "decline",
    83: "leave",
    84: "contribute",
    85: "task",
    86: "complete_task",
    87: "draft_analysis",
    88: "supervisor_comment",
    140: "member_consent_request",
    142: "involve_supervisor",
    151: "certificate_answer",
    70: "enrol_agency",
    71: "publish_certificate",
    72: "revoke_certificate",
    73: "publish_sealing_key",
    74: "publish_policy",
    75: "update_agency",
    76: "retire_agency",
    77: "publish_acceptance",
    78: "publish_time_limit",
    79: "publish_log_key",
    110: "publish_calendar",
    120: "confirm_policy",
    121: "require_post_quantum",
}
"""Fields of a statement's body."""
DIRECTORY = frozenset((70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 110, 120, 121))
"""Those of them that change the directory."""
TIME = "time"
DAY = "day"
CODES: dict[int, dict[int, tuple[str, dict[int, str]]]] = {
    30: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    31: {
        3: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    32: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    33: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    34: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    35: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    37: {
        1: (
            "offence types",
            {
                1: "organised crime",
                2: "terrorism",
                3: "human trafficking",
                4: "sexual exploitation",
                5: "drug trafficking",
                6: "arms trafficking",
                7: "stolen goods",
                8: "corruption",
                9: "fraud",
                10: "counterfeit currency",
                11: "counterfeit products",
                12: "environmental crime",
                13: "murder injury",
                14: "kidnapping",
                15: "robbery theft",
                16: "smuggling",
                17: "tax crime",
                18: "extortion",
                19: "forgery",
                20: "piracy",
                21: "market abuse",
                22: "money laundering",
            },
        ),
    },
    45: {
        1: (
            "result",
            {
                1: "information",
                2: "no hit",
                3: "case opened",
            },
        ),
    },
    46: {
        1: (
            "ground",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
        2: (
            "further grounds",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
    },
    48: {
        1: (
            "verdict",
            {
                1: "approve",
                2: "reject",
                3: "return",
            },
        ),
        2: (
            "ground",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
        3: (
            "further grounds",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
    },
    50: {
        1: ("usefulness", {}),
        2: (
            "uses",
            {
                1: "intelligence",
                2: "new case",
                3: "existing case",
                4: "freeze",
                5: "seizure",
                6: "charge",
                7: "conviction",
                8: "confiscation",
                9: "not used",
            },
        ),
        3: ("amount", {}),
        4: (
            "currency",
            {
                1: "kzt",
                2: "uzs",
                3: "kgs",
                4: "tjs",
                5: "tmt",
                6: "azn",
                7: "rub",
                8: "usd",
                9: "eur",
                10: "cny",
                11: "aed",
                12: "try",
                13: "other",
            },
        ),
    },
    52: {
        1: (
            "ground",
            {
                1: "retention ended",
                2: "ordered",
                3: "unlawful",
                4: "sent in error",
            },
        ),
    },
    53: {
        1: (
            "ground",
            {
                1: "awaiting third party",
                2: "awaiting authorisation",
                3: "volume",
            },
        ),
    },
    54: {
        1: (
            "outcome",
            {
                1: "imposed",
                2: "not imposed",
                3: "extended",
                4: "converted",
                5: "lifted",
                6: "expired",
                7: "partly imposed",
            },
        ),
        2: (
            "obstacle",
            {
                1: "no asset",
                2: "asset moved",
                3: "frozen already",
                4: "no consent",
                5: "less found",
            },
        ),
        3: (
            "conversion",
            {
                1: "court order",
                2: "legal assistance",
            },
        ),
        4: ("amount", {}),
        5: (
            "currency",
            {
                1: "kzt",
                2: "uzs",
                3: "kgs",
                4: "tjs",
                5: "tmt",
                6: "azn",
                7: "rub",
                8: "usd",
                9: "eur",
                10: "cny",
                11: "aed",
                12: "try",
                13: "other",
            },
        ),
    },
    56: {
        1: (
            "result",
            {
                1: "found",
                2: "not found",
            },
        ),
        2: (
            "assets",
            {
                1: "account",
                2: "securities",
                3: "crypto",
                4: "real estate",
                5: "vehicle",
                6: "company share",
                7: "cash",
                8: "other",
            },
        ),
        3: ("amount", {}),
        4: (
            "currency",
            {
                1: "kzt",
                2: "uzs",
                3: "kgs",
                4: "tjs",
                5: "tmt",
                6: "azn",
                7: "rub",
                8: "usd",
                9: "eur",
                10: "cny",
                11: "aed",
                12: "try",
                13: "other",
            },
        ),
    },
    57: {
        1: (
            "reason",
            {
                1: "wrong identity",
                2: "wrong fact",
                3: "incomplete",
                4: "form",
            },
        ),
    },
    58: {
        2: (
            "reason",
            {
                1: "wrong identity",
                2: "wrong fact",
                3: "incomplete",
                4: "form",
            },
        ),
    },
    60: {
        1: (
            "act",
            {
                1: "take",
                2: "give back",
            },
        ),
    },
    61: {
        1: (
            "use",
            {
                1: "unused",
                2: "used",
                3: "passed on",
            },
        ),
    },
    62: {
        1: (
            "ground",
            {
                1: "retention ended",
                2: "ordered",
                3: "unlawful",
                4: "sent in error",
            },
        ),
    },
    63: {
        1: (
            "notice",
            {
                1: "form incomplete",
                2: "other measures",
                3: "formality impossible",
                4: "awaiting judge",
            },
        ),
    },
    64: {
        1: (
            "result",
            {
                1: "cleared",
                2: "objection",
                3: "no answer",
            },
        ),
        2: (
            "ground",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
        3: (
            "further grounds",
            {
                1: "sovereignty security",
                2: "contrary to law",
                3: "impedes investigation",
                4: "disproportionate",
                5: "no drug nexus",
                6: "insufficient request",
                7: "legal privilege",
                8: "fiscal matter",
                9: "bank secrecy",
                10: "inquiry underway",
                11: "different authority",
            },
        ),
    },
    66: {
        3: (
            "purpose",
            {
                1: "intelligence",
                2: "investigation",
                3: "prosecution",
                4: "confiscation",
                5: "analysis",
            },
        ),
    },
    67: {
        2: (
            "outcome",
            {
                1: "granted",
                2: "partly",
                3: "refused",
                4: "revoked",
            },
        ),
        3: ("valid until", {0: TIME, 6: "valid to the end of"}),
        4: (
            "purpose",
            {
                1: "intelligence",
                2: "investigation",
                3: "prosecution",
                4: "confiscation",
                5: "analysis",
            },
        ),
        5: (
            "ground",
            {
                1: "out of scope",
                2: "impairs investigation",
                3: "disproportionate",
                4: "fundamental law",
            },
        ),
    },
    82: {
        1: (
            "reason",
            {
                1: "no link",
                2: "no capacity",
                3: "own proceedings",
                4: "contrary to law",
            },
        ),
    },
    86: {
        2: (
            "result",
            {
                1: "done",
                2: "partly done",
                3: "not done",
            },
        ),
    },
    87: {
        3: (
            "use",
            {
                1: "intelligence",
                2: "investigation",
                3: "prosecution",
                4: "confiscation",
                5: "analysis",
            },
        ),
    },
    88: {
        2: (
            "wish",
            {
                1: "none",
                2: "explanation",
                3: "involvement",
            },
        ),
    },
    140: {
        3: (
            "purpose",
            {
                1: "intelligence",
                2: "investigation",
                3: "prosecution",
                4: "confiscation",
                5: "analysis",
            },
        ),
    },
    70: {
        4: (
            "agency type",
            {
                1: "fiu",
                2: "police",
                3: "prosecutor",
                4: "customs",
                5: "border",
                6: "security",
                7: "tax",
                8: "asset recovery",
                9: "coordination centre",
                10: "observer",
            },
        ),
    },
    72: {
        2: (
            "reason",
            {
                1: "key compromise",
                3: "affiliation changed",
                4: "superseded",
                5: "cessation of operation",
            },
        ),
    },
    73: {
        1: (
            "suite",
            {
                1: "mlkem768 x25519 aes256gcm",
            },
        ),
    },
    75: {
        4: (
            "agency type",
            {
                1: "fiu",
                2: "police",
                3: "prosecutor",
                4: "customs",
                5: "border",
                6: "security",
                7: "tax",
                8: "asset recovery",
                9: "coordination centre",
                10: "observer",
            },
        ),
    },
    77: {
        2: (
            "languages",
            {
                1: "kk",
                2: "ru",
                3: "en",
            },
        ),
        3: ("max part bytes", {}),
    },
    78: {
        1: (
            "rule",
            {
                1: "freeze",
                2: "decision",
                3: "urgent decision",
                4: "acknowledgement",
                5: "reply",
                6: "urgent reply",
                7: "reply at hand",
                8: "urgent reply at hand",
                9: "urgent reply indirect",
                10: "feedback",
                11: "retention",
            },
        ),
        3: ("hours", {}),
        4: ("days", {}),
        5: ("working days", {}),
    },
    110: {
        2: ("year", {}),
        5: ("weekend", {}),
        6: ("days off", {}),
        7: ("days worked", {}),
    },
    121: {
        1: ("is required", {}),
    },
}
"""Of each kind: the fields of its body that hold codes, numbers, a day or a time.

Each has its name and the names of its codes. Under 0, which is no code, stands that it
is a day or a time; a time names the field that may hold the day whose end it is."""
# End of the kinds.
_PUBLISH_CERTIFICATE, _REVOKE_CERTIFICATE, _PUBLISH_POLICY, _PUBLISH_LOG_KEY = 71, 72, 74, 79
_CONFIRM_POLICY, _REQUIRE_POST_QUANTUM = 120, 121
_FIRST_BODY_FIELD = 30
_DUE_AT = 13
_DUE_ON = 24

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*){0,3}", re.ASCII)
_OF_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini", "ehthumbs.db", "Icon\r")
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AUTHOR = re.compile(r"spiffe://[a-z0-9./_-]{1,246}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_STAMPED = re.compile(
    rb"^Time stamp: ([A-Z][a-z]{2} +[0-9]{1,2} [0-9:]{8})(?:\.[0-9]+)? ([0-9]{4}) GMT$",
    re.MULTILINE,
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_BATCH = re.compile(
    rb"index (0|[1-9][0-9]{0,3})\nsize ([1-9][0-9]{0,3})\n((?:[A-Za-z0-9+/]{43}=\n){1,12})"
)

# What a signing certificate says, as DER: key usage exactly digitalSignature, critical; extended
# key usage exactly documentSigning (RFC 9336); its member's name as a URI.
_KEY_USAGE = bytes.fromhex("0603551d0f0101ff040403020780")
_EXTENDED = (
    bytes.fromhex("0603551d25040c300a06082b06010505070324"),
    bytes.fromhex("0603551d250101ff040c300a06082b06010505070324"),
)
_ALTERNATIVE_NAMES = bytes.fromhex("0603551d11")
_URI, _EXTENSIONS = 0x86, 0xA3
# Whoever lists what its own key is for may vouch for that alone, and openssl does not look at it.
_PURPOSES = bytes.fromhex("0603551d25")
_DOCUMENT_SIGNING = bytes.fromhex("06082b06010505070324")
# Basic constraints, and how they begin in the certificate of an authority. The word "critical" is
# the same: true.
_CONSTRAINTS, _AUTHORITY = bytes.fromhex("0603551d13"), bytes.fromhex("0101ff")
_CRITICAL, _VERSION_3 = _AUTHORITY, bytes.fromhex("a003020102")
_USAGE, _NAME_CONSTRAINTS = bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d1e")
_ISSUERS_KEY = bytes.fromhex("0603551d23")
# Who demands by "critical" that another extension be heeded is not understood, so not believed.
_HEEDED = (_USAGE, _ALTERNATIVE_NAMES, _CONSTRAINTS, _PURPOSES, _NAME_CONSTRAINTS)
# The keys by which an authority may sign: P-256, P-384, P-521 and RSA. openssl sees to its length.
_KEYS_OF_AUTHORITIES = frozenset(
    bytes.fromhex(each)
    for each in (
        "301306072a8648ce3d020106082a8648ce3d030107",
        "301006072a8648ce3d020106052b81040022",
        "301006072a8648ce3d020106052b81040023",
        "300d06092a864886f70d0101010500",
    )
)
# How: ECDSA, RSA of PKCS 1, and RSA-PSS, with SHA-256, SHA-384 or SHA-512.
_SIGNED_BY = frozenset(
    bytes.fromhex(each)
    for each in (
        "300a06082a8648ce3d040302",
        "300a06082a8648ce3d040303",
        "300a06082a8648ce3d040304",
        "300d06092a864886f70d01010b0500",
        "300d06092a864886f70d01010c0500",
        "300d06092a864886f70d01010d0500",
        *(
            "304106092a864886f70d01010a3034"
            f"a00f300d06096086480165030402{number}0500"
            f"a11c301a06092a864886f70d010108300d06096086480165030402{number}0500"
            f"a2030201{salt}"
            for number, salt in (("01", "20"), ("02", "30"), ("03", "40"))
        ),
    )
)
_MOST_INTERMEDIATES = "8"
_PEM = re.compile(
    r"-----BEGIN (X509 )?CERTIFICATE-----([^-]*)-----END (?:X509 )?CERTIFICATE-----", re.ASCII
)
# A public key up to its point, which is not compressed (RFC 5480), and openssl's digest for it.
_CURVES = {
    bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"): "-sha256",
    bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"): "-sha384",
}
# A second public key, of ML-DSA-65: subjectAltPublicKeyInfo (X.509, 2.5.29.72), with the beginning
# of its SubjectPublicKeyInfo (RFC 9881).
_SECOND_KEY = bytes.fromhex("0603551d48")
_ML_DSA_65 = bytes.fromhex("308207b2300b0609608648016503040312038207a100")
_SECOND_KEY_OF_ML_DSA_65 = _SECOND_KEY + bytes.fromhex("048207b6") + _ML_DSA_65
# The key as a SubjectPublicKeyInfo, and a signature.
_ML_DSA_65_KEY_BYTES, _ML_DSA_65_SIGNATURE_BYTES = 1974, 3309


_SUCCESSION_INVALID = "SUCCESSION_INVALID"
_EXIT_REFUSED, _EXIT_DAMAGED, _EXIT_UNWRITTEN, _EXIT_UNCHECKED = 10, 2, 5, 6
_EXIT_STOPPED = 130


class Failed(Exception):
    """The check ended early; `reason` is stable, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Refused(Failed):
    """The bundle does not verify."""


class Damaged(Failed):
    """The file is no whole bundle: whoever had it can have changed that, so it is no verdict."""


class Misgiven(Failed):
    """A key or a root that the person gave is none, which is no verdict about the bundle."""


class Unchecked(Failed):
    """This machine or this version cannot check it, which is no verdict either."""


# --- 1. The archive -----------------------------------------------------------------------------


class Archive:
    """A bundle's files, read one by one; nothing is ever written under a name of the bundle."""

    def __init__(self, path: Path) -> None:
        """Check bounds and names before anything is unpacked; then the manifest."""
        _check_container(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
            raise Damaged("ARCHIVE_INVALID", f"not a zip archive: {error}") from None
        try:
            members = _Wrapping(self._zip.infolist())
            self.left_out = members.left_out
            self._members = _check_members(members)
            self.manifest = self._read_manifest()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> set[str]:
        """Every file but the manifest."""
        return set(self._members) - {MANIFEST}

    @property
    def about(self) -> dict[str, str]:
        """The manifest's texts of the bundle; its exporter's word."""
        return {name: self.manifest[name] for name in ABOUT}

    def read(self, name: str) -> bytes:
        """Give a file's bytes; they are those of the manifest."""
        member = self._members.get(name)
        if member is None or name == MANIFEST:
            raise Refused("FILE_MISSING", f"expected the file {name}, there is none")
        data = self._unpack(member)
        if hashlib.sha256(data).hexdigest() != self.manifest["files"][name]:
            raise Damaged(
                "DIGEST_MISMATCH",
                f"{name} is not the file that the manifest lists: another program changed it; "
                "ask for the bundle as it was exported",
            )
        return data

    def _read_manifest(self) -> dict[str, Any]:
        member = self._members.get(MANIFEST)
        if member is None:
            raise Damaged("FILE_MISSING", f"expected the file {MANIFEST}, there is none")
        manifest = parse_manifest(self._unpack(member))
        listed = set(manifest["files"])
        if listed - self.names:
            raise Damaged("FILE_MISSING", f"the manifest lists {min(listed - self.names)}")
        if self.names - listed:
            raise Damaged("FILE_EXTRA", f"no manifest lists {min(self.names - listed)}")
        return manifest

    def _unpack(self, member: zipfile.ZipInfo) -> bytes:
        try:
            with self._zip.open(member) as file:
                # The declared size is bounded; a stream that gives more is cut, one that gives
                # less, or other bytes, fails its checksum.
                data = file.read(member.file_size + 1)
        except Exception as error:
            # EINVAL is of an archive that leads to a place before its start.
            if (
                isinstance(error, MemoryError)
                or getattr(error, "errno", errno.EINVAL) != errno.EINVAL
            ):
                raise
            raise Damaged(
                "ARCHIVE_INVALID", f"{member.filename} does not unpack: {error}"
            ) from None
        if len(data) != member.file_size:
            raise Damaged("ARCHIVE_INVALID", f"{member.filename} has another size than it says")
        return data


def _check_container(path: Path) -> None:
    """Bound the table of contents before `zipfile` reads it into memory."""
    size = path.stat().st_size
    if size > MAX_ARCHIVE_BYTES:
        raise Damaged("TOO_LARGE", f"expected at most {MAX_ARCHIVE_BYTES} bytes, got {size}")
    with path.open("rb") as file:
        head = file.read(2)
        file.seek(max(0, size - 42))
        # A device gives no size, and may have no end.
        tail = file.read(42)
    end = tail[-22:]
    if len(end) < 22 or end[:4] != b"PK\x05\x06":
        if head != b"PK":
            raise Damaged(
                "ARCHIVE_INVALID",
                "it is no zip archive: another file has its name, or mail changed it on its way; "
                "ask for it again",
            )
        raise Damaged("ARCHIVE_INVALID", "expected a zip archive without a comment at its end")
    if tail[:4] == b"PK\x06\x07":
        raise Damaged("TOO_LARGE", "expected a plain zip archive, got the format for huge ones")
    count, index_bytes = struct.unpack("<HI", end[10:16])
    if count > MAX_FILES:
        raise Damaged("TOO_LARGE", f"expected at most {MAX_FILES} files, got {count}")
    if index_bytes > MAX_INDEX_BYTES:
        raise Damaged(
            "TOO_LARGE",
            f"expected a table of contents of at most {MAX_INDEX_BYTES} bytes, got {index_bytes}",
        )


class _Wrapping:
    """The names of an archive's files, without what another program did that packed them again.

    It may have put a folder around them, written backslashes, or added files of its own. These are
    never unpacked.
    """

    def __init__(self, members: Sequence[zipfile.ZipInfo]) -> None:
        if len(members) > MAX_FILES:
            raise Damaged("TOO_LARGE", f"expected at most {MAX_FILES} files, got {len(members)}")
        self.members = members
        # `orig_filename` is what stands in the archive: zipfile cuts `filename` at a zero byte.
        names = [each.orig_filename.replace("\\", "/") for each in members]
        self.left_out = sum(map(_is_of_a_system, names))
        kept = [name for name in names if not _is_of_a_system(name)]
        self._around = _folder_around(kept)
        self._folders = _folders(kept)

    def __iter__(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """Give each file of the bundle by its name in it."""
        for member in self.members:
            name = member.orig_filename.replace("\\", "/")
            if _is_of_a_system(name):
                continue
            if name in self._folders and not member.file_size:
                # An archive that was packed again may list folders too; these hold nothing.
                continue
            is_whole = name == member.filename.replace("\\", "/")
            yield name[len(self._around) :] if is_whole else name + "\0", member


def _is_of_a_system(name: str) -> bool:
    """True for a file that macOS or Windows adds where it packs a folder."""
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1] in _OF_SYSTEMS or parts[-1].startswith("._")


def _folder_around(names: Sequence[str]) -> str:
    """The folder, with its slash, in which all files of an archive are; empty for none."""
    if MANIFEST in names:
        return ""
    found = [each for each in names if each.endswith("/" + MANIFEST)]
    if len(found) == 1:
        around = found[0][: -len(MANIFEST)]
        if all(each.startswith(around) or around.startswith(each) for each in names):
            return around
    inner = [each for each in names if each.lower().endswith(".zip")]
    if not found and inner:
        raise Damaged(
            "FILE_MISSING",
            f"it holds another archive, {inner[0][-80:]!a}: unpack it once, and give that archive",
        )
    return ""


def _check_members(members: "_Wrapping") -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for name, member in members:
        if not _NAME.fullmatch(name) or len(name) > 200:
            raise Damaged(
                "NAME_INVALID",
                f"a file may not be called {name[:80]!a}: another program added or renamed it; ask "
                "for the bundle as it was exported",
            )
        if name in found:
            raise Damaged("NAME_REPEATED", f"{name} is there twice")
        if member.flag_bits & _ENCRYPTED:
            raise Damaged("ARCHIVE_INVALID", f"{name} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Damaged("ARCHIVE_INVALID", f"{name} is packed in an unknown way")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Damaged("ARCHIVE_INVALID", f"{name} is a link or a device, not a plain file")
        if member.comment:
            raise Damaged("ARCHIVE_INVALID", f"{name} has a comment, which nothing vouches for")
        most = MAX_FILE_BYTES
        if name == MANIFEST:
            most = MAX_INDEX_BYTES
        elif name.startswith("content/"):
            most = MAX_PART_BYTES
        if member.file_size > most:
            raise Damaged(
                "TOO_LARGE", f"{name} has {member.file_size} bytes, at most {most} may be"
            )
        total += member.file_size
        found[name] = member
    if total > MAX_TOTAL_BYTES:
        raise Damaged(
            "TOO_LARGE", f"the files have {total} bytes, at most {MAX_TOTAL_BYTES} may be"
        )
    end = 0
    for member in sorted(members.members, key=lambda each: each.header_offset):
        # One stretch of bytes that is many files is how small archives grow without an end.
        if member.header_offset < end or (end == 0 and member.header_offset > 0):
            raise Damaged(
                "ARCHIVE_INVALID", f"{member.filename} overlaps another file, or something is first"
            )
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size
    return found


def _folders(names: Sequence[str]) -> set[str]:
    """The folders of the files, as they are written in an archive."""
    return {
        "".join(f"{part}/" for part in parts[:depth])
        for parts in (each.split("/") for each in names)
        if parts[-1]
        for depth in range(1, min(len(parts), 8))
    }


def parse_manifest(data: bytes) -> dict[str, Any]:
    """Read a manifest strictly: one spelling of each name, known fields, known version."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name is there twice")
        return found

    def small(digits: str) -> int:
        if len(digits) > 9:
            raise ValueError("a number is out of range")
        return int(digits)

    try:
        manifest = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_int=small)
    except (ValueError, RecursionError) as error:
        raise Damaged("MANIFEST_INVALID", f"the manifest is not JSON: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Damaged("MANIFEST_INVALID", f"expected a manifest of {FORMAT}")
    if type(manifest.get("version")) is not int or manifest["version"] != VERSION:
        raise Unchecked(
            "VERSION_UNKNOWN", f"expected version {VERSION}, got {manifest.get('version')!a:.40}"
        )
    files = manifest.get("files")
    if (
        set(manifest) != {"format", "version", "files", *ABOUT}
        or not all(isinstance(manifest[each], str) for each in ABOUT)
        or not isinstance(files, dict)
        or not all(isinstance(each, str) and _HEX.fullmatch(each) for each in files.values())
    ):
        raise Damaged("MANIFEST_INVALID", "the manifest lacks a field, or has one that is unknown")
    return manifest


# --- 2., 3. and 8. The log ------------------------------------------------------------------------


class Checkpoint:
    """Size and root of the log, as its key signed them."""

    def __init__(self, note: "Note", size: int, root: bytes) -> None:
        self.note = note
        self.size = size
        self.root = root


class Note:
    """A C2SP signed note taken apart; nothing in it is verified."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        if len(data) > MAX_NOTE_BYTES:
            raise Refused("CHECKPOINT_INVALID", f"a note has at most {MAX_NOTE_BYTES} bytes")
        try:
            decoded = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("CHECKPOINT_INVALID", "a note must be UTF-8") from None
        text, blank, below = decoded.rpartition("\n\n")
        lines = below[:-1].split("\n")
        if not blank or not below.endswith("\n") or _CONTROL.search(decoded):
            raise Refused("CHECKPOINT_INVALID", "expected text, a blank line, lines of signatures")
        if len(lines) > MAX_SIGNATURES:
            raise Refused("CHECKPOINT_INVALID", f"a note has at most {MAX_SIGNATURES} signatures")
        self.text = (text + "\n").encode()
        self.signatures = [_signature_line(line) for line in lines]
        """Name, 4-byte key id and signature of each."""

    def signatures_by(self, name: str, key_id: bytes) -> list[bytes]:
        """The signatures in the name and key id of a key."""
        return [each[2] for each in self.signatures if each[:2] == (name, key_id)]


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    decoded = _base64(encoded.encode())
    if dash != "\u2014" or not _is_key_name(name) or decoded is None or len(decoded) <= 4:
        raise Refused("CHECKPOINT_INVALID", "expected a dash, a key's name and base64 as signature")
    return name, decoded[:4], decoded[4:]


def _is_key_name(name: str) -> bool:
    # No half of a surrogate pair: a command line may bring one, and it has no UTF-8.
    return bool(name) and not any(
        each < " " or each == "+" or each.isspace() or "\ud800" <= each <= "\udfff" for each in name
    )


def verify_checkpoint(note: "Note", vkey: str, openssl: "OpenSsl") -> None:
    """Verify a log key's signature on a C2SP checkpoint; lines of other keys are only read."""
    name, key_id, public_key = parse_vkey(vkey)
    own = note.signatures_by(name, key_id)
    if len(own) != 1:
        raise Refused(
            "CHECKPOINT_INVALID",
            f"expected one signature by {name}+{key_id.hex()} on the checkpoint, got {len(own)}",
        )
    if len(own[0]) != 64 or not openssl.is_signed_ed25519(public_key, note.text, own[0]):
        raise Refused("CHECKPOINT_INVALID", "the log's signature on the checkpoint is not good")


def read_checkpoint(note: "Note", name: str) -> "Checkpoint":
    """Read the text of a checkpoint of a log; no signature is verified here."""
    lines = note.text.split(b"\n")
    root = _base64(lines[2]) if len(lines) == 4 else None
    if (
        root is None
        or len(root) != 32
        or lines[0] != name.encode()
        or not _NUMBER.fullmatch(lines[1].decode("ascii", "replace"))
    ):
        raise Refused("CHECKPOINT_INVALID", f"expected a checkpoint of {name}: name, size, root")
    return Checkpoint(note, int(lines[1]), root)


class Witnesses:
    """The witnesses of whom a number must have cosigned the checkpoint."""

    def __init__(self, required: int, vkeys: Sequence[str]) -> None:
        self.required = required
        self.keys = [parse_vkey(each, _COSIGNATURE, "WITNESS_KEY_INVALID") for each in vkeys]
        for part in (0, 2):
            if len({each[part] for each in self.keys}) != len(vkeys):
                raise Misgiven(
                    "WITNESS_KEY_INVALID", "expected witnesses of different names and keys"
                )


def verify_cosignatures(
    note: "Note", witnesses: "Witnesses", openssl: "OpenSsl"
) -> Iterator[tuple[str, str]]:
    """Verify that enough witnesses cosigned a note; yields their names and times, UTC."""
    found = 0
    for name, key_id, public_key in witnesses.keys:
        own = note.signatures_by(name, key_id)
        if not own:
            continue
        if len(own) > 1:
            raise Refused("CHECKPOINT_INVALID", f"expected one cosignature by {name}")
        seconds = int.from_bytes(own[0][:8], "big")
        message = b"cosignature/v1\ntime %d\n%b" % (seconds, note.text)
        if (
            len(own[0]) != 72
            or not 0 < seconds <= MAX_COSIGNED_SECONDS
            or not openssl.is_signed_ed25519(public_key, message, own[0][8:])
        ):
            raise Refused("CHECKPOINT_INVALID", f"the cosignature by {name} is not good")
        found += 1
        yield name, (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if found < witnesses.required:
        raise Refused(
            "NOT_WITNESSED",
            f"expected cosignatures of {witnesses.required} of {len(witnesses.keys)} witnesses, "
            f"got {found}",
        )


def parse_vkey(
    vkey: str, kind: int = _LOG_SIGNATURE, reason: str = "LOG_KEY_INVALID"
) -> tuple[str, bytes, bytes]:
    """Take a verifier key `name+id+key` apart; gives name, 4-byte key id and Ed25519 key.

    Raises Refused for one that the log told, and Misgiven for one that a person gave.
    """
    failure = Refused if reason == _SUCCESSION_INVALID else Misgiven
    parts = vkey.strip("\ufeff \t\r\n").split("+", 2)
    key = _base64(parts[2].encode("ascii", "replace")) if len(parts) == 3 else None
    if key is None or len(key) != 33 or key[0] != kind or not _is_key_name(parts[0]):
        raise failure(reason, f"expected a verifier key name+key id+key, of Ed25519, type {kind}")
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + key).digest()[:4]
    if parts[1] != key_id.hex():
        raise failure(reason, f"the key id of this verifier key must be {key_id.hex()}")
    return parts[0], key_id, key[1:]


def parse_tlog_proof(data: bytes) -> tuple[int, list[bytes], bytes]:
    """Read a C2SP tlog-proof; gives the index, the hashes, and the checkpoint's note."""
    head, blank, note = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or lines[0] != b"c2sp.org/tlog-proof@v1" or len(lines) < 2 or len(lines) > 66:
        raise Refused("PROOF_INVALID", "expected a proof of the form c2sp.org/tlog-proof@v1")
    word, _, number = lines[1].decode("ascii", "replace").partition(" ")
    hashes = [_base64(line) for line in lines[2:]]
    if word != "index" or not _NUMBER.fullmatch(number):
        raise Refused("PROOF_INVALID", "expected the index on the second line of a proof")
    proof = [each for each in hashes if each is not None and len(each) == 32]
    if len(proof) != len(hashes):
        raise Refused("PROOF_INVALID", "expected hashes of 32 bytes in base64, one a line")
    return int(number), proof, note


def root_of(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> "bytes | None":
    """Compute the root that an inclusion proof leads to (RFC 9162, 2.1.3.2); None for a bad one."""
    if index >= size:
        return None
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if position & 1 or position == last:
            computed = hashlib.sha256(b"\x01" + sibling + computed).digest()
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            computed = hashlib.sha256(b"\x01" + computed + sibling).digest()
        position >>= 1
        last >>= 1
    return computed if last == 0 else None


class Entry:
    """One entry of the log: what the hub recorded, in the bytes that the tree commits to."""

    def __init__(self, index: int, data: bytes) -> None:
        found = fields(data)
        self.index = index
        self.event = number(found, 2)
        self.exchange_id = text(found, 3)
        self.digest = binary(found, 4)
        self.actor = text(found, 5)
        self.certificate = binary(found, 6)
        self.directory_size = number(found, 7)
        self.reason = text(found, 9)
        moment = fields(binary(found, 1))
        self.seconds, self.nanos = number(moment, 1), number(moment, 2)
        ruling = fields(binary(found, 8))
        self.policy = binary(ruling, 1)
        self.rules = [_text(each) for each in ruling.get(2, [])]
        self.signature = binary(found, 12)
        if self.event not in EVENTS or self.seconds > 1 << 36 or self.nanos >= 10**9:
            raise Refused("ENTRY_MISMATCH", f"entry {index} has an unknown event, or no time")

    @property
    def time(self) -> str:
        """The time at which the hub recorded it, UTC."""
        at = _EPOCH + timedelta(seconds=self.seconds)
        return at.strftime("%Y-%m-%dT%H:%M:%S") + f".{self.nanos // 1000:06d}Z"


def verify_entry(archive: "Archive", index: int, checkpoint: "Checkpoint") -> "Entry":
    """Verify that an entry is at its place in the tree of the checkpoint."""
    folder = entry_folder(index)
    data, nonce = archive.read(f"{folder}/entry.bin"), archive.read(f"{folder}/nonce.bin")
    at, proof, note = parse_tlog_proof(archive.read(f"{folder}/proof.tlog-proof"))
    if at != index or note != checkpoint.note.data:
        raise Refused("PROOF_INVALID", f"the proof of entry {index} is of another entry or tree")
    if len(nonce) != 32:
        raise Refused("PROOF_INVALID", f"the nonce of entry {index} has not 32 bytes")
    leaf = hashlib.sha256(
        b"\x00" + LEAF_PREFIX + hmac.new(nonce, data, hashlib.sha256).digest()
    ).digest()
    if root_of(leaf, index, checkpoint.size, proof) != checkpoint.root:
        raise Refused(
            "PROOF_INVALID",
            f"entry {index}: entry, nonce and proof do not lead to the root that the log signed",
        )
    return Entry(index, data)


def entry_folder(index: int) -> str:
    """The folder of an entry's files."""
    return f"entries/{index:019d}"


# --- 4., 5. and 6. The statements ---------------------------------------------------------------


class Statement:
    """A signed statement: what its author said."""

    def __init__(self, payload: bytes) -> None:
        self.fields = fields(payload)
        bodies = [each for each in self.fields if each >= _FIRST_BODY_FIELD]
        if len(bodies) != 1:
            raise Refused("ENTRY_MISMATCH", "expected a statement of one kind")
        self.field = bodies[0]
        self.id = text(self.fields, 1)
        self.exchange_id = text(self.fields, 2)
        self.author = text(self.fields, 3)
        self.body = fields(binary(self.fields, self.field))

    @property
    def kind(self) -> str:
        """Its kind with its codes; a kind added later shows by its number."""
        name = KINDS.get(self.field, f"kind {self.field}")
        said = [word for field in sorted(self.body) for word in self._codes(field)]
        if _DUE_AT in self.fields:
            due = _moment(self.fields, _DUE_AT)
            if _DUE_ON in self.fields:
                said.append(f"due to the end of {_end_of(_day(self.fields, _DUE_ON), due)}")
            else:
                said.append(f"due {_second(due)}")
        return f"{name}: {', '.join(said)}" if said else name

    def _codes(self, field: int) -> list[str]:
        """The words of one field of the body; none for a field that holds no code."""
        label, names = CODES.get(self.field, {}).get(field, ("", {}))
        if not label:
            return []
        if names.get(0) == DAY:
            return [f"{label} {_day(self.body, field)}"]
        if names.get(0) == TIME:
            at = _moment(self.body, field)
            for day in names:
                if day in self.body:
                    return [f"{names[day]} {_end_of(_day(self.body, day), at)}"]
            return [f"{label} {_second(at)}"]
        values = [each for value in self.body[field] for each in _numbers(value)]
        if not names:
            return [f"{label} {each}" for each in values]
        return [names.get(each, f"{label} {each}") for each in values]

    @property
    def is_of_directory(self) -> bool:
        """True if it changes the directory, not an exchange."""
        # A kind added later shows it by naming no exchange; of those known here none may.
        return self.field in DIRECTORY if self.field in KINDS else not self.exchange_id


def _day(message: dict[int, list[Any]], field: int) -> str:
    """A day of the calendar, as its author gave it."""
    day = fields(binary(message, field))
    return f"{number(day, 1):04}-{number(day, 2):02}-{number(day, 3):02}"


def _moment(message: dict[int, list[Any]], field: int) -> datetime:
    """A moment in UTC."""
    seconds = number(fields(binary(message, field)), 1)
    return datetime.fromtimestamp(seconds, timezone.utc)  # noqa: UP017 - Python 3.9


def _second(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")


def _end_of(given: str, at: datetime) -> str:
    """The day whose end a moment is, with the zone in which that day ends."""
    try:
        end = datetime.strptime(f"{given} 23:59:59+0000", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        raise Refused("ENTRY_MISMATCH", f"expected a day of the calendar, got {given}") from None
    minutes = (end - at) // timedelta(minutes=1)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{given} (UTC{sign}{minutes // 60:02}:{minutes % 60:02})"


class Certificate:
    """A signing certificate as the log published it."""

    def __init__(self, der: bytes, issuers: Sequence[bytes]) -> None:
        self.der = der
        self.issuers = list(issuers)
        self.revoked = False
        self.usable: tuple[Path, str, list[str], bytes] | None = None
        """Its public key's file, its digest's name, its URIs and its second key, once read."""


class LogKeys:
    """The log's key that was given, in the chain of keys that the bundle's directory names."""

    def __init__(self, vkey: str, openssl: "OpenSsl") -> None:
        self.name, key_id, key = parse_vkey(vkey)
        self.given = f"{self.name}+{key_id.hex()}+{base64.b64encode(bytes([1]) + key).decode()}"
        self.chain: list[tuple[int, str]] = []
        """Verifier keys, oldest first, each with its smallest tree; empty without a successor."""
        self._openssl = openssl

    def is_given_on(self, note: "Note") -> bool:
        """True unless only other keys in the log's name have signed."""
        ids = [each[1] for each in note.signatures if self.is_own(each)]
        return not ids or parse_vkey(self.given)[1] in ids

    def is_own(self, line: tuple[str, bytes, bytes]) -> bool:
        """True for a line in the log's name; a witness's is longer, also under that name."""
        return line[0] == self.name and len(line[2]) == 64

    def apply(self, entry: "Entry", statement: "Statement", operating_agency: list[str]) -> None:
        """Take up a successor: both keys and an operator of the operating agency have signed it."""
        where = f"entry {entry.index}"
        author = statement.author.split("/")
        if author[:5] != operating_agency or author[5:6] != ["operator"]:
            raise Refused("SUCCESSION_INVALID", f"{where}: its author may publish no log key")
        old, new = text(statement.body, 1), text(statement.body, 2)
        keys = [parse_vkey(each, reason=_SUCCESSION_INVALID) for each in (old, new)]
        if any(each[0] != self.name for each in keys):
            raise Refused("SUCCESSION_INVALID", f"{where}: it is of another log's key")
        said = "\n".join(("caricc-exchange/log-key-succession/v1", self.name, old, new, ""))
        for each, field in zip(keys, (3, 4)):  # noqa: B905 - Python 3.9
            signature = binary(statement.body, field)
            if len(signature) != 64 or not self._openssl.is_signed_ed25519(
                each[2], said.encode(), signature
            ):
                raise Refused("SUCCESSION_INVALID", f"{where}: not both keys have signed it")
        self.chain = self.chain or [(0, old)]
        if old != self.chain[-1][1] or new in [key for _, key in self.chain]:
            raise Refused("SUCCESSION_INVALID", f"{where}: it does not go on from the log's key")
        self.chain.append((entry.index + 1, new))

    def verify(self, checkpoint: "Checkpoint") -> str:
        """Verify the signature by the key of the tree's time, or by a later one; gives the key."""
        chain = self.chain or [(0, self.given)]
        if self.given not in [key for _, key in chain]:
            raise Refused("CHECKPOINT_INVALID", "the given key is none that the log names as its")
        fit = [key for i, (_, key) in enumerate(chain) if self._goes_to(chain, i) > checkpoint.size]
        present = [each for each in fit if checkpoint.note.signatures_by(*parse_vkey(each)[:2])]
        key = (present or fit)[0]
        verify_checkpoint(checkpoint.note, key, self._openssl)
        return key

    @staticmethod
    def _goes_to(chain: list[tuple[int, str]], i: int) -> float:
        """The size from which on the trees are not this key's any more."""
        return chain[i + 1][0] if i + 1 < len(chain) else float("inf")


class Directory:
    """Certificates and policy as the directory's entries make them, one after the other."""

    def __init__(self, root: Path, log_keys: "LogKeys", openssl: "OpenSsl") -> None:
        self.size = 0
        self.log_keys = log_keys
        self.operating_agency: list[str] = []
        """The beginning of its members' names, split at slashes."""
        self.certificates: dict[bytes, Certificate] = {}
        self.unverified = 0
        """Post-quantum signatures that this openssl cannot verify."""
        self.post_quantum: set[str] = set()
        """Agencies that demand one of every statement of theirs."""
        self.policy = b""
        self.proposal = b""
        """SHA-256 of the policy that waits for a second operator; empty if none does."""
        self.names_signatures = False
        """True if the log's first entry names its statement's signature: so must all after it."""
        self.files: dict[str, bytes] = {}
        """The bytes that the bundle must hold for it, by file name."""
        self._root = root
        self._openssl = openssl

    def verify_author(
        self, entry: "Entry", author: str, signed: bytes, signature: bytes, second: bytes
    ) -> None:
        """Verify that the author's certificate stood at the hub's time, and that it signed.

        `second` is the post-quantum signature; empty if there is none.
        """
        certificate = self.certificates.get(entry.certificate)
        where = f"entry {entry.index}"
        if certificate is None:
            raise Refused("CERTIFICATE_INVALID", f"{where}: its certificate was not published yet")
        if certificate.revoked:
            raise Refused("CERTIFICATE_INVALID", f"{where}: its certificate was revoked before")
        key, digest, uris, second_key = self._read(certificate, where)
        if uris != [author] or not _AUTHOR.fullmatch(author):
            raise Refused("CERTIFICATE_INVALID", f"{where}: its certificate is not the author's")
        self._openssl.verify_chain(self._root, certificate, entry.seconds, where)
        if not self._openssl.is_signed(key, digest, signed, signature):
            raise Refused("SIGNATURE_INVALID", f"{where}: the signature of {author} is not good")
        self._verify_second(second_key, author, signed, second, where)

    def _verify_second(
        self, key: bytes, author: str, signed: bytes, signature: bytes, where: str
    ) -> None:
        """Verify the post-quantum signature: it is there if and only if there is a key for it."""
        if not key and author.split("/")[4] in self.post_quantum:
            raise Refused(
                "SIGNATURE_MISSING", f"{where}: its agency demands post-quantum signatures"
            )
        if bool(key) != bool(signature):
            raise Refused(
                "SIGNATURE_MISSING" if key else "SIGNATURE_INVALID",
                f"{where}: expected a post-quantum signature if and only if its certificate holds "
                "a second key",
            )
        if not key:
            return
        if len(signature) != _ML_DSA_65_SIGNATURE_BYTES:
            raise Refused("SIGNATURE_INVALID", f"{where}: its post-quantum signature is cut")
        if not self._openssl.knows_ml_dsa:
            self.unverified += 1
        elif not self._openssl.is_signed_ml_dsa(key, signed, signature):
            raise Refused(
                "SIGNATURE_INVALID", f"{where}: the post-quantum signature of {author} is not good"
            )

    def apply(self, entry: "Entry", statement: "Statement") -> None:
        """Change the directory as a verified statement says."""
        if statement.field == _REVOKE_CERTIFICATE:
            revoked = self.certificates.get(binary(statement.body, 1))
            if revoked is None:
                raise Refused("CERTIFICATE_INVALID", f"entry {entry.index} revokes an unknown one")
            revoked.revoked = True
        elif statement.field == _PUBLISH_POLICY:
            cedar = binary(statement.body, 1)
            digest = hashlib.sha256(cedar).digest()
            self.files[f"policy/{digest.hex()}.cedar"] = cedar
            if self.policy:
                self.proposal = digest
            else:
                self.policy = digest
        elif statement.field == _CONFIRM_POLICY:
            digest = binary(statement.body, 1)
            if not digest or digest != self.proposal:
                raise Refused("POLICY_MISMATCH", f"entry {entry.index} confirms no policy")
            self.policy, self.proposal = digest, b""
        elif statement.field == _REQUIRE_POST_QUANTUM:
            agency = statement.author.split("/")[4]
            if number(statement.body, 1):
                self.post_quantum.add(agency)
            else:
                self.post_quantum.discard(agency)
        elif statement.field == _PUBLISH_LOG_KEY:
            self.log_keys.apply(entry, statement, self.operating_agency)
        self.size += 1

    def publish(self, entry: "Entry", statement: "Statement") -> None:
        """Take up a certificate that leads to the root at the hub's time."""
        der = binary(statement.body, 1)
        issuers = [each for each in statement.body.get(2, []) if isinstance(each, bytes)]
        fingerprint = hashlib.sha256(der).digest()
        if fingerprint in self.certificates:
            raise Refused("CERTIFICATE_INVALID", f"entry {entry.index} publishes one again")
        certificate = Certificate(der, issuers)
        self._openssl.verify_chain(self._root, certificate, entry.seconds, f"entry {entry.index}")
        self.certificates[fingerprint] = certificate
        self.files[f"certificates/{fingerprint.hex()}.pem"] = pem(der)
        if issuers:
            chain = b"".join(pem(each) for each in issuers)
            self.files[f"certificates/{fingerprint.hex()}.chain.pem"] = chain

    def _read(self, certificate: "Certificate", where: str) -> tuple[Path, str, list[str], bytes]:
        if certificate.usable is None:
            public_key, uris, second = read_certificate(certificate.der, where)
            digests = [each for start, each in _CURVES.items() if public_key.startswith(start)]
            if not digests:
                raise Refused("CERTIFICATE_INVALID", f"{where}: its key is neither P-256 nor P-384")
            file = self._openssl.key_file(public_key)
            certificate.usable = file, digests[0], uris, second
        return certificate.usable


def read_certificate(der: bytes, where: str) -> tuple[bytes, list[str], bytes]:
    """Give public key, URIs and second key of a certificate for signing documents (RFC 5280).

    The second key, of ML-DSA-65, is empty where it has none.
    """
    try:
        signed, extensions = _read_extensions(der)
        is_understood = _is_understood(der, signed, extensions)
        names = [each for each in extensions if each.startswith(_ALTERNATIVE_NAMES)]
        named = [each for name in names for each in der_elements(der_elements(name)[-1][1])]
        uris = [
            content.decode("ascii")
            for _, sequence, _ in named
            for tag, content, _ in der_elements(sequence)
            if tag == _URI
        ]
        public_key = signed[6][2]
        is_authority = any(
            der_elements(der_elements(each)[-1][1])[0][1].startswith(_AUTHORITY)
            for each in extensions
            if each.startswith(_CONSTRAINTS)
        )
    except (IndexError, ValueError):
        raise Refused("CERTIFICATE_INVALID", f"{where}: its certificate is malformed") from None
    if is_authority:
        raise Refused("CERTIFICATE_INVALID", f"{where}: its certificate is an authority's")
    is_bound = any(each.startswith(_NAME_CONSTRAINTS) for each in extensions)
    if not is_understood or is_bound or not _has(extensions, _ISSUERS_KEY):
        raise Refused(
            "CERTIFICATE_INVALID",
            f"{where}: its certificate demands what is not understood here, or names no issuer's "
            "key",
        )
    if extensions.count(_KEY_USAGE) != 1 or sum(map(extensions.count, _EXTENDED)) != 1:
        raise Refused(
            "CERTIFICATE_INVALID", f"{where}: its certificate is not for signing documents"
        )
    seconds = [each for each in extensions if each.startswith(_SECOND_KEY)]
    if not seconds:
        return public_key, uris, b""
    if len(seconds) > 1 or not seconds[0].startswith(_SECOND_KEY_OF_ML_DSA_65):
        raise Refused("CERTIFICATE_INVALID", f"{where}: its second key is not of ML-DSA-65")
    return public_key, uris, seconds[0][-_ML_DSA_65_KEY_BYTES:]


def may_vouch(der: bytes, where: str, *, is_root: bool = False) -> bool:
    """True if the certificate is of an authority that may vouch for members.

    It says so itself, nothing in it says that its key is for other things, and its key and
    signature are of those that the exchange takes. Nobody relies on a root's own signature.
    """
    try:
        signed, extensions = _read_extensions(der)
        listed = [each for each in extensions if each.startswith(_PURPOSES)]
        purposes = [
            purpose
            for each in listed
            for _, _, purpose in der_elements(der_elements(der_elements(each)[-1][1])[0][1])
        ]
        return (
            _is_understood(der, signed, extensions, is_root=is_root)
            and _has(extensions, _USAGE)
            and _has(extensions, _CONSTRAINTS + _CRITICAL)
            and der_elements(signed[6][1])[0][2] in _KEYS_OF_AUTHORITIES
            and not _binds_uris(extensions)
            and (not listed or _DOCUMENT_SIGNING in purposes)
        )
    except (IndexError, ValueError):
        raise Refused("CERTIFICATE_INVALID", f"{where}: an authority's is malformed") from None


def _has(extensions: Sequence[bytes], start: bytes) -> bool:
    return any(each.startswith(start) for each in extensions)


def _is_understood(
    der: bytes, signed: Sequence[Any], extensions: Sequence[bytes], *, is_root: bool = False
) -> bool:
    """True if a certificate demands nothing unknown, and is signed in a way that is taken."""
    algorithm = der_elements(der_elements(der)[0][1])[1][2]
    demands = [each for each in extensions if der_elements(each)[1][2] == _CRITICAL]
    return (
        signed[0][2] == _VERSION_3
        and all(each.startswith(_HEEDED) for each in demands)
        and (is_root or (algorithm in _SIGNED_BY and signed[2][2] == algorithm))
    )


def _binds_uris(extensions: Sequence[bytes]) -> bool:
    """True if an authority may vouch for some URIs alone: the exchange has no rule for that."""
    bound = [each for each in extensions if each.startswith(_NAME_CONSTRAINTS)]
    return any(
        der_elements(subtree)[0][0] == _URI
        for each in bound
        for _, subtrees, _ in der_elements(der_elements(der_elements(each)[-1][1])[0][1])
        for _, subtree, _ in der_elements(subtrees)
    )


def _read_extensions(der: bytes) -> tuple[list[tuple[int, bytes, bytes]], list[bytes]]:
    """Give the signed elements of a certificate, and what its extensions hold.

    Without extensions, as in a certificate of version 1, there are none. Raises ValueError,
    IndexError.
    """
    signed = der_elements(der_elements(der_elements(der)[0][1])[0][1])
    listed = [content for tag, content, _ in signed[7:] if tag == _EXTENSIONS]
    if len(listed) > 1:
        raise ValueError("extensions are there twice")
    return signed, [
        content for each in listed for _, content, _ in der_elements(der_elements(each)[0][1])
    ]


def verify_statement(
    archive: "Archive", entry: "Entry", exchange_id: str, directory: "Directory"
) -> "Statement":
    """Verify that a statement is the one of its entry, and that its author signed it."""
    folder = entry_folder(entry.index)
    where = f"entry {entry.index}"
    payload = archive.read(f"{folder}/payload.bin")
    signature = archive.read(f"{folder}/signature.der")
    if hashlib.sha256(payload).digest() != entry.digest:
        raise Refused("ENTRY_MISMATCH", f"{where} names another statement than the one beside it")
    second = b""
    if f"{folder}/{SECOND_SIGNATURE}" in archive.names:
        second = archive.read(f"{folder}/{SECOND_SIGNATURE}")
    batch = None
    if f"{folder}/batch.txt" in archive.names:
        batch = parse_batch(archive.read(f"{folder}/batch.txt"), where)
    if directory.size == 0:
        directory.names_signatures = bool(entry.signature)
    if not entry.signature and directory.names_signatures:
        raise Refused("ENTRY_MISMATCH", f"{where} does not name the signature of its statement")
    if entry.signature:
        message = signature_message(entry.certificate, signature, batch, second)
        if hashlib.sha256(message).digest() != entry.signature:
            raise Refused(
                "ENTRY_MISMATCH", f"{where} names another signature than the one beside it"
            )
    signed: bytes | None = pae(payload)
    if archive.read(f"{folder}/pae.bin") != signed:
        raise Refused("ENTRY_MISMATCH", f"{where}: pae.bin is not the encoding of payload.bin")
    if batch is not None:
        signed = batch_signed(payload, *batch)
    if signed is None:
        raise Refused("SIGNATURE_INVALID", f"{where}: its path leads to no batch")
    statement = Statement(payload)
    if statement.author != entry.actor or statement.exchange_id != entry.exchange_id:
        raise Refused("ENTRY_MISMATCH", f"{where} names another author or exchange")
    expected = "" if statement.is_of_directory else exchange_id
    if statement.exchange_id != expected:
        raise Refused("ENTRY_MISMATCH", f"{where} is of another exchange than the bundle's")
    if statement.field == _PUBLISH_CERTIFICATE and directory.size == 0:
        # The log begins with an operator's own certificate, signed with its key.
        directory.operating_agency = statement.author.split("/")[:5]
        directory.publish(entry, statement)
        directory.verify_author(entry, statement.author, signed, signature, second)
    else:
        directory.verify_author(entry, statement.author, signed, signature, second)
        if statement.field == _PUBLISH_CERTIFICATE:
            directory.publish(entry, statement)
    if entry.policy != directory.policy:
        raise Refused("POLICY_MISMATCH", f"{where} cites another policy than the one in force")
    if statement.is_of_directory:
        directory.apply(entry, statement)
    return statement


# --- 7. Disclosed content -----------------------------------------------------------------------


def verify_part(
    archive: "Archive", statement: "Statement", folder: str, name: str, openssl: "OpenSsl"
) -> None:
    """Verify that a disclosed text is what the author sealed and signed."""
    found = [fields(part) for part in statement.fields.get(21, []) if isinstance(part, bytes)]
    part = next((each for each in found if text(each, 1) == name), None)
    sealed = archive.read(f"{folder}/sealed")
    key, plain = archive.read(f"{folder}/key"), archive.read(f"{folder}/plain")
    if part is None or number(part, 5) != SUITE:
        raise Refused("CONTENT_MISMATCH", f"{folder}: the statement has no such part")
    if len(sealed) != number(part, 3) or hashlib.sha256(sealed).digest() != binary(part, 2):
        raise Refused("CONTENT_MISMATCH", f"{folder}: not the sealed bytes that were signed")
    labels = (CONTENT_LABEL, SUITE.to_bytes(2, "big"), statement.id.encode(), name.encode())
    info = b"".join(len(each).to_bytes(4, "big") + each for each in labels)
    okm = hkdf(key, info, 64)
    if len(key) != 32 or not hmac.compare_digest(okm[32:], sealed[:32]):
        raise Refused(
            "CONTENT_MISMATCH", f"{folder}: the key is not the one that it was sealed with"
        )
    opened = decrypt_chunks(okm[:32], memoryview(sealed)[32:], openssl)
    if opened is None or opened != plain:
        raise Refused("CONTENT_MISMATCH", f"{folder}: the text is not the one that was sealed")


def hkdf(key: bytes, info: bytes, size: int) -> bytes:
    """HKDF-SHA256 without salt (RFC 5869)."""
    pseudo = hmac.new(bytes(32), key, hashlib.sha256).digest()
    output, block = b"", b""
    while len(output) < size:
        counter = bytes([len(output) // 32 + 1])
        block = hmac.new(pseudo, block + info + counter, hashlib.sha256).digest()
        output += block
    return output[:size]


def decrypt_chunks(key: bytes, sealed: memoryview, openssl: "OpenSsl") -> "bytes | None":
    """Open a STREAM of AES-256-GCM chunks; None if a tag is not good.

    openssl's command has no GCM, so it only enciphers blocks here: GCM is counter mode and a tag.
    """
    size = _CHUNK + 16
    if len(sealed) < 16 or (len(sealed) > size and len(sealed) % size in range(1, 17)):
        return None
    chunks = [sealed[start : start + size] for start in range(0, len(sealed), size)]
    pieces = []
    hash_key = openssl.encipher(key, bytes(16))
    tables = _gf_tables(int.from_bytes(hash_key, "big"))
    for place, chunk in enumerate(chunks):
        last = place == len(chunks) - 1
        nonce = place.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
        body, tag = bytes(chunk[:-16]), bytes(chunk[-16:])
        blocks = -(-len(body) // 16)
        counters = b"".join(nonce + struct.pack(">I", each) for each in range(1, blocks + 2))
        stream = openssl.encipher(key, counters)
        mask = int.from_bytes(stream[:16], "big")
        if _ghash(tables, body) ^ mask != int.from_bytes(tag, "big"):
            return None
        length = len(body)
        pad = int.from_bytes(stream[16 : 16 + length], "big")
        pieces.append((int.from_bytes(body, "big") ^ pad).to_bytes(length, "big"))
    return b"".join(pieces)


def _gf_tables(hash_key: int) -> list[list[int]]:
    """Products of the hash key with every byte at every place (NIST SP 800-38D, 6.3)."""
    powers = []
    value = hash_key
    for _ in range(128):
        powers.append(value)
        value = (value >> 1) ^ (0xE1 << 120 if value & 1 else 0)
    tables = []
    for place in range(16):
        table = [0] * 256
        for bit in range(8):
            step = 0x80 >> bit
            for byte in range(256):
                if byte & step:
                    table[byte] ^= powers[place * 8 + bit]
        tables.append(table)
    return tables


def _ghash(tables: list[list[int]], body: bytes) -> int:
    padded = body + bytes(-len(body) % 16) + struct.pack(">QQ", 0, len(body) * 8)
    value = 0
    for start in range(0, len(padded), 16):
        block = (value ^ int.from_bytes(padded[start : start + 16], "big")).to_bytes(16, "big")
        value = 0
        for place in range(16):
            value ^= tables[place][block[place]]
    return value


# --- 9. The time stamp --------------------------------------------------------------------------


def verify_stamp(response: bytes, note: bytes, root: Path, openssl: "OpenSsl") -> str:
    """Verify that an authority stamped the checkpoint; gives its time, UTC."""
    token = openssl.read_token(response)
    at = openssl.stamped_at(token)
    said = openssl.verify_token(token, hashlib.sha256(note).hexdigest(), root, at)
    if said:
        raise Refused("TIMESTAMP_INVALID", f"the time stamp does not verify: {said!a}")
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- openssl ------------------------------------------------------------------------------------


# RFC 8032, section 7.1, test 2.
_KNOWN_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
_KNOWN_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
# RFC 6979, appendices A.2.5 and A.2.6: public key and signature of "sample", by openssl's digest.
_KNOWN_EC = {
    "-sha256": (
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    "-sha384": (
        "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
        "def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c62189"
        "6708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf9"
        "6e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa3"
        "29c145786e679e7b82c71a38628ac8",
    ),
}
_FIRST_OF_SHELLS = 126
"""Exit codes of openssl are below it; those of shells, where no program answered, are not."""


def _find_openssl() -> str:
    """Give the openssl of the path; never one in the folder that the person is in.

    A bundle may have been unpacked there, and what stands on the path as no whole name leads there.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    whole = [each for each in folders if Path(each).is_absolute()]
    program = shutil.which("openssl", path=os.pathsep.join(whole))
    # Windows looks into that folder first, whatever the path.
    if program is None or not Path(program).is_absolute():
        raise Unchecked(
            "OPENSSL_MISSING",
            "expected the command openssl in a folder of the path, whole from its root; one in the "
            "folder that you are in is not taken, so go to another folder",
        )
    return program


class OpenSsl:
    """The `openssl` command: chains, certificates, signatures and the block cipher."""

    def __init__(self, folder: Path) -> None:
        self._program = _find_openssl()
        self._folder = folder
        self._written: dict[str, bytes] = {}
        """The SHA-256 of each file that was written for openssl."""
        self._chains: set[tuple[bytes, int]] = set()
        self._knows_ml_dsa: bool | None = None
        self._verify_fitness()

    def _verify_fitness(self) -> None:
        """Verify that openssl can do what is asked of it: its failure must not accuse anyone."""
        version = self._run(["version"]).stdout.decode("ascii", "replace").strip()
        found = re.match(r"OpenSSL (\d+)\.", version)
        if found is None or int(found[1]) < 3:
            raise Unchecked("OPENSSL_UNFIT", f"expected OpenSSL 3 or later, got {version!a:.60}")
        if not self._takes(self._of_ed25519(_KNOWN_KEY, b"r", _KNOWN_SIGNATURE)):
            raise Unchecked(
                "OPENSSL_UNFIT",
                f"{version!a:.60} does not verify Ed25519 here: is it set to FIPS alone?",
            )
        if self._takes(self._of_ed25519(_KNOWN_KEY, b"s", _KNOWN_SIGNATURE)):
            raise Unchecked("OPENSSL_UNFIT", f"{version!a:.60} takes a false signature here")

    def check_root(self, root: Path) -> None:
        """Check that a file holds a certificate in PEM; raises Misgiven."""
        if self._run(["x509", "-in", str(root), "-inform", "PEM", "-noout"]).returncode != 0:
            raise Misgiven("ROOT_INVALID", f"expected a certificate in PEM in {root.name}")

    def roots_of(self, root: Path) -> Path:
        """Give a file of those certificates of a root's file that may vouch for members.

        Raises Misgiven where none may: what they issue says nothing then, whoever is to blame.
        """
        told = root.read_text("ascii", "replace")
        found = [_base64("".join(each[2].split()).encode()) for each in _PEM.finditer(told)]
        try:
            vouching = [
                pem(each)
                for each in found
                if each is not None and may_vouch(each, root.name, is_root=True)
            ]
        except Refused as refused:
            raise Misgiven("ROOT_INVALID", refused.message) from None
        if not vouching:
            raise Misgiven(
                "ROOT_INVALID",
                f"expected in {root.name} the root of the exchange's authority: one that may issue "
                "certificates for signing documents, by a key of P-256, P-384, P-521 or RSA",
            )
        return self._file(b"".join(vouching))

    def verify_chain(self, root: Path, certificate: "Certificate", at: int, where: str) -> None:
        """Verify that a certificate leads to the root, as at a time in seconds since 1970."""
        if (certificate.der, at) in self._chains:
            return
        leaf = self._file(pem(certificate.der))
        words = ["verify", "-CAfile", str(root), "-no-CApath", "-no-CAstore", "-purpose", "any"]
        # No key and no digest on the way that are weaker than the protocol takes.
        words += ["-attime", str(at), "-check_ss_sig", "-auth_level", "2"]
        words += ["-verify_depth", _MOST_INTERMEDIATES]
        chain = b"".join(pem(each) for each in certificate.issuers if may_vouch(each, where))
        if chain:
            words += ["-untrusted", str(self._file(chain))]
        ended = self._judged([*words, str(leaf)])
        if ended.returncode != 0:
            said = " ".join(ended.stderr.decode("ascii", "replace").split())[-200:]
            raise Refused("CERTIFICATE_INVALID", f"{where}: no chain to the root: {said!a}")
        self._chains.add((certificate.der, at))

    def key_file(self, public_key: bytes) -> Path:
        """Give the file of a public key."""
        return self._file(pem(public_key, "PUBLIC KEY"))

    def is_signed(self, key: Path, digest: str, signed: bytes, signature: bytes) -> bool:
        """True if an ECDSA signature in DER is good."""
        return self._judged(self._of_ec(key, digest, signed, signature)).returncode == 0

    def is_signed_ed25519(self, key: bytes, signed: bytes, signature: bytes) -> bool:
        """True if an Ed25519 signature is good."""
        return self._judged(self._of_ed25519(key, signed, signature)).returncode == 0

    @property
    def knows_ml_dsa(self) -> bool:
        """True if this openssl verifies ML-DSA-65, as 3.5 and later do."""
        if self._knows_ml_dsa is None:
            words = ["list", "-public-key-algorithms"]
            self._knows_ml_dsa = b"ML-DSA-65" in self._run(words).stdout
        return self._knows_ml_dsa

    def is_signed_ml_dsa(self, key: bytes, signed: bytes, signature: bytes) -> bool:
        """True if an ML-DSA-65 signature is good; the key is a SubjectPublicKeyInfo in DER."""
        words = ["pkeyutl", "-verify", "-pubin", "-rawin"]
        words += ["-inkey", str(self._file(pem(key, "PUBLIC KEY")))]
        words += ["-in", str(self._file(signed)), "-sigfile", str(self._file(signature))]
        return self._judged(words).returncode == 0

    def read_token(self, response: bytes) -> Path:
        """Give the file of the token in a time-stamp response: what the authority signed."""
        token = self._folder / "token.tmp"
        words = ["ts", "-reply", "-in", str(self._file(response)), "-token_out", "-out", str(token)]
        if self._judged(words).returncode != 0 or not token.stat().st_size:
            raise Refused("TIMESTAMP_INVALID", f"{STAMP} is not a time stamp that was granted")
        return token

    def stamped_at(self, token: Path) -> datetime:
        """Give the time in a token, which is not verified yet."""
        ended = self._judged(["ts", "-reply", "-in", str(token), "-token_in", "-text"])
        found = _STAMPED.search(ended.stdout)
        if found is None:
            raise Refused("TIMESTAMP_INVALID", f"{STAMP} holds no time")
        moment = (found[1] + b" " + found[2]).decode()
        return datetime.strptime(moment, "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9

    def verify_token(self, token: Path, digest: str, root: Path, at: datetime) -> str:
        """Verify a token over a SHA-256, as at a time; gives what openssl has against it."""
        words = ["ts", "-verify", "-in", str(token), "-token_in", "-digest", digest]
        words += ["-CAfile", str(root), "-attime", str(int(at.timestamp()))]
        ended = self._judged(words)
        if ended.returncode == 0:
            return ""
        # The last error as openssl writes it: ...:error:code:library:function:reason:file:line:data
        said = ended.stderr.decode("ascii", "replace").strip().rpartition("\n")[2].split(":", 8)
        return (said[8] or said[5]) if len(said) == 9 else "openssl gives no reason"

    def encipher(self, key: bytes, blocks: bytes) -> bytes:
        """Encipher whole blocks with AES-256."""
        words = ["enc", "-aes-256-ecb", "-nopad", "-nosalt", "-K", key.hex()]
        ended = self._run(words, blocks)
        if ended.returncode != 0 or len(ended.stdout) != len(blocks):
            raise Unchecked("OPENSSL_MISSING", "openssl does not encipher with AES-256")
        return ended.stdout

    def _judged(self, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        """Ask openssl for a verdict; raises Unchecked for a no that says nothing of the bundle.

        openssl says no, too, where it is short of memory or files, and where a file that it was
        given is gone. So a no counts if it comes twice, about files that are as they were written,
        and if known signatures are found good in between.
        """
        ended = self._run(words)
        if ended.returncode != 0:
            self._check_written(words)
            self._check_known()
            ended = self._run(words)
        return ended

    def _check_written(self, words: Sequence[str]) -> None:
        for option, each in zip(["", *words], words):  # noqa: B905 - Python 3.9
            path = Path(each)
            if option == "-out" or not path.is_absolute():
                continue
            try:
                digest = hashlib.sha256(path.read_bytes()).digest()
            except OSError:
                digest = b""
            if not digest or self._written.get(each, digest) != digest:
                raise Unchecked(
                    "FILE_LOST",
                    f"{each} is gone, or was changed by another program, while it was needed: "
                    "check again; if need be, with another folder in TMPDIR",
                )

    def _check_known(self) -> None:
        asked = {"Ed25519": self._of_ed25519(_KNOWN_KEY, b"r", _KNOWN_SIGNATURE)}
        for (start, digest), (point, signature) in zip(_CURVES.items(), _KNOWN_EC.values()):  # noqa: B905 - Python 3.9
            key = self.key_file(start + bytes.fromhex(point))
            asked[digest] = self._of_ec(key, digest, b"sample", bytes.fromhex(signature))
        for name, words in asked.items():
            if not self._takes(words):
                raise Unchecked(
                    "OPENSSL_UNFIT",
                    f"openssl does not take a good signature here ({name.lstrip('-')}), so that "
                    "its no says nothing: is this machine short of memory or of files?",
                )

    def _takes(self, words: Sequence[str]) -> bool:
        return self._run(words).returncode == 0

    def _of_ec(self, key: Path, digest: str, signed: bytes, signature: bytes) -> list[str]:
        file = str(self._file(signature))
        return ["dgst", digest, "-verify", str(key), "-signature", file, str(self._file(signed))]

    def _of_ed25519(self, key: bytes, signed: bytes, signature: bytes) -> list[str]:
        public = bytes.fromhex("302a300506032b6570032100") + key
        words = ["pkeyutl", "-verify", "-pubin", "-rawin"]
        words += ["-inkey", str(self._file(pem(public, "PUBLIC KEY")))]
        return [*words, "-in", str(self._file(signed)), "-sigfile", str(self._file(signature))]

    def _file(self, data: bytes) -> Path:
        path = self._folder / f"{len(self._written) + 1}.tmp"
        path.write_bytes(data)
        self._written[str(path)] = hashlib.sha256(data).digest()
        return path

    def _run(self, words: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        try:
            ended = subprocess.run(  # noqa: S603 - fixed words, and files of our own
                [self._program, *words],
                input=given,
                capture_output=True,
                env=environment,
                timeout=_OPENSSL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unchecked(
                "OPENSSL_STOPPED",
                f"openssl gave no answer within {_OPENSSL_SECONDS} s: is this machine overloaded?",
            ) from None
        if not 0 <= ended.returncode < _FIRST_OF_SHELLS:
            raise Unchecked(
                "OPENSSL_STOPPED",
                f"openssl ended with {ended.returncode} and without an answer: is this machine "
                "short of memory, or was it stopped?",
            )
        return ended


# --- Encodings ----------------------------------------------------------------------------------

Fields = dict[int, list[Any]]


def fields(data: bytes) -> Fields:
    """Take a Protocol Buffers message apart: values by field number."""
    found: Fields = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: Any
        if key & 7 == 0:
            value, at = _varint(data, at)
        elif key & 7 == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise Refused("ENTRY_MISMATCH", "a message ends before its field does")
            value, at = data[at : at + size], at + size
        else:
            raise Refused("ENTRY_MISMATCH", "a message has a field of an unknown form")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Refused("ENTRY_MISMATCH", "a message has a number that does not end")


def _one(found: Fields, field: int, kind: type, default: Any) -> Any:
    values = found.get(field, [default])
    if len(values) != 1 or not isinstance(values[0], kind):
        raise Refused("ENTRY_MISMATCH", f"field {field} of a message is there twice, or malformed")
    return values[0]


def number(found: Fields, field: int) -> int:
    """The number of a field; 0 if it is absent."""
    value: int = _one(found, field, int, 0)
    return value


def _numbers(value: Any) -> list[int]:
    """The numbers of one value of a field: itself, or those of a packed list."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        each, at = _varint(value, at)
        found.append(each)
    return found


def binary(found: Fields, field: int) -> bytes:
    """The bytes of a field; empty if it is absent."""
    value: bytes = _one(found, field, bytes, b"")
    return value


def text(found: Fields, field: int) -> str:
    """The text of a field; empty if it is absent."""
    return _text(binary(found, field))


def _text(value: Any) -> str:
    try:
        return bytes(value).decode("utf-8")
    except (UnicodeDecodeError, TypeError):
        raise Refused("ENTRY_MISMATCH", "a text of a message is not UTF-8") from None


def pae(payload: bytes, payload_type: bytes = PAYLOAD_TYPE) -> bytes:
    """Encode the bytes that are signed: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(payload_type), payload_type, len(payload), payload)


def batch_text(index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The file batch.txt: a statement's place in the batch that was signed."""
    hashes = [base64.b64encode(each).decode() for each in path]
    return "".join(f"{line}\n" for line in (f"index {index}", f"size {size}", *hashes)).encode()


def parse_batch(data: bytes, where: str) -> tuple[int, int, tuple[bytes, ...]]:
    """Read a file batch.txt; gives index, size and inclusion proof."""
    found = _BATCH.fullmatch(data)
    if found is None:
        raise Refused("SIGNATURE_INVALID", f"{where}: batch.txt is not a path in a batch")
    path = tuple(base64.b64decode(line) for line in found[3].split())
    batch = int(found[1]), int(found[2]), path
    if batch_text(*batch) != data:
        raise Refused("SIGNATURE_INVALID", f"{where}: batch.txt is spelled in another way")
    return batch


def signature_message(
    certificate: bytes,
    signature: bytes,
    batch: "tuple[int, int, tuple[bytes, ...]] | None",
    second: bytes = b"",
) -> bytes:
    """Encode the Signature of a statement as Protocol Buffers do; its SHA-256 is in the entry."""
    message = _field(1, certificate) + _field(2, signature)
    if batch is not None:
        index, size, path = batch
        place = _number_field(1, index) + _number_field(2, size)
        message += _field(3, place + b"".join(_field(3, each) for each in path))
    return message + _field(4, second)


def _field(number: int, data: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(data)) + data if data else b""


def _number_field(number: int, value: int) -> bytes:
    return _encode_varint(number << 3) + _encode_varint(value) if value else b""


def _encode_varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def batch_signed(payload: bytes, index: int, size: int, path: Sequence[bytes]) -> "bytes | None":
    """Encode size and root of a batch, signed in a statement's stead; None for a bad path."""
    root = root_of(hashlib.sha256(b"\x00" + pae(payload)).digest(), index, size, path)
    if root is None or not 2 <= size <= 4096:
        return None
    return pae(size.to_bytes(8, "big") + root, BATCH_TYPE)


def der_elements(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Give the elements of DER: tag, content, and all bytes. Raises ValueError, IndexError."""
    found = []
    at = 0
    while at < len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(data[at + 2 : start], "big")
            if size < max(0x80, 1 << 8 * (start - at - 3)):
                raise ValueError("a length that DER would write shorter")
        end = start + size
        if tag & 0x1F == 0x1F or end > len(data):
            raise ValueError("an element that ends after its bytes, or has a long tag")
        found.append((tag, data[start:end], data[at:end]))
        at = end
    return found


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    """DER as PEM, lines of 64 characters."""
    encoded = base64.b64encode(der).decode()
    lines = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _base64(encoded: bytes) -> "bytes | None":
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded) == encoded else None


# --- All of it ----------------------------------------------------------------------------------


def entry_indexes(archive: "Archive") -> list[int]:
    """Log indexes of the bundle's entries, in order."""
    folders = {name.split("/")[1] for name in archive.names if name.startswith("entries/")}
    if not all(re.fullmatch(r"[0-9]{19}", each, re.ASCII) for each in folders):
        raise Refused("FILE_EXTRA", "entries/ holds a folder that is no index of the log")
    return sorted(int(each) for each in folders)


def content_parts(archive: "Archive", index: int) -> list[str]:
    """Names of the disclosed parts of an entry's statement."""
    start = f"content/{index:019d}/"
    return sorted(
        {name[len(start) :].split("/")[0] for name in archive.names if name.startswith(start)}
    )


def verify_files(archive: "Archive", expected: set[str]) -> None:
    """Verify that the bundle holds these files and no other."""
    if archive.names - expected:
        raise Refused("FILE_EXTRA", f"nothing vouches for {min(archive.names - expected)}")
    if expected - archive.names:
        raise Refused("FILE_MISSING", f"expected the file {min(expected - archive.names)}")


def verify_vouchers(
    archive: "Archive",
    note: "Note",
    checkpoint: "Checkpoint",
    keys: "LogKeys",
    openssl: "OpenSsl",
    witnesses: "Witnesses | None",
    tsa_root: "Path | None",
) -> Iterator[str]:
    """Verify who else saw the checkpoint: witnesses and a time-stamping authority (steps 8, 9)."""
    others = sum(not keys.is_own(each) for each in note.signatures)
    if witnesses is not None:
        for name, at in verify_cosignatures(checkpoint.note, witnesses, openssl):
            yield f"witness     {name} cosigned this checkpoint at {at}"
            others -= 1
    if others:
        yield (
            f"witness     NOT VERIFIED: {others} other signature(s) on the checkpoint; "
            "--witness with their keys would verify them"
        )
    if tsa_root is not None:
        at = verify_stamp(archive.read(STAMP), checkpoint.note.data, tsa_root, openssl)
        yield f"time stamp  an authority of {tsa_root.name} saw this checkpoint at {at}"
    elif STAMP in archive.names:
        archive.read(STAMP)
        yield "time stamp  NOT VERIFIED: --tsa-root with its authority's root would verify it"


class Entries:
    """The entries of a bundle, verified one after the other (steps 3 to 7)."""

    def __init__(
        self,
        archive: "Archive",
        exchange_id: str,
        checkpoint: "Checkpoint",
        directory: "Directory",
        openssl: "OpenSsl",
    ) -> None:
        self._archive = archive
        self._exchange_id = exchange_id
        self._checkpoint = checkpoint
        self._directory = directory
        self._openssl = openssl
        self._said: dict[bytes, Statement] = {}
        self._before = (0, 0)
        self.files: set[str] = set()
        """The files that were vouched for so far."""

    def verify(self) -> Iterator[str]:
        """Verify all of them; yields a line for each."""
        for index in entry_indexes(self._archive):
            entry = verify_entry(self._archive, index, self._checkpoint)
            if (entry.seconds, entry.nanos) < self._before:
                raise Refused("ENTRY_MISMATCH", f"entry {index} is earlier than the one before it")
            self._before = (entry.seconds, entry.nanos)
            what = self._verify_event(index, entry)
            if entry.directory_size != self._directory.size:
                raise Refused(
                    "DIRECTORY_INCOMPLETE",
                    f"entry {index} counts {entry.directory_size} directory entries, "
                    f"the bundle has {self._directory.size} up to there",
                )
            rules = ", ".join(entry.rules)
            line = f"{entry.time}  entry {index}  {what}  by {entry.actor}"
            yield line + (f"  under {rules}" if rules else "")
        if not any(each.exchange_id == self._exchange_id for each in self._said.values()):
            raise Refused("FILE_MISSING", "the bundle holds no statement of its exchange")

    def _verify_event(self, index: int, entry: "Entry") -> str:
        """Verify what an entry is about; says what that is."""
        folder = entry_folder(index)
        self.files |= {
            f"{folder}/{each}" for each in ("entry.bin", "nonce.bin", "proof.tlog-proof")
        }
        if entry.event == STATEMENT:
            return self._verify_statement(index, entry)
        if entry.exchange_id != self._exchange_id:
            raise Refused("ENTRY_MISMATCH", f"entry {index} is of another exchange")
        if entry.event == DELIVERY and entry.digest not in self._said:
            raise Refused("ENTRY_MISMATCH", f"entry {index} delivers what is not in the bundle")
        return EVENTS[entry.event]

    def _verify_statement(self, index: int, entry: "Entry") -> str:
        """Verify a statement and its disclosed parts; says its kind."""
        archive, folder = self._archive, entry_folder(index)
        if entry.digest in self._said:
            raise Refused("ENTRY_MISMATCH", f"entry {index} repeats an earlier statement")
        statement = verify_statement(archive, entry, self._exchange_id, self._directory)
        self._said[entry.digest] = statement
        names = ["payload.bin", "pae.bin", "signature.der"]
        optional = ("batch.txt", SECOND_SIGNATURE)
        names += [each for each in optional if f"{folder}/{each}" in archive.names]
        self.files |= {f"{folder}/{each}" for each in names}
        for part in content_parts(archive, index):
            at = f"content/{index:019d}/{part}"
            verify_part(archive, statement, at, part, self._openssl)
            self.files |= {f"{at}/{each}" for each in ("sealed", "key", "plain")}
        return statement.kind


def verify(
    bundle: Path,
    root: Path,
    vkey: str,
    folder: Path,
    *,
    witnesses: "Witnesses | None" = None,
    tsa_root: "Path | None" = None,
) -> Iterator[str]:
    """Verify a bundle; yields a line for everything that is proved. Raises Failed.

    The numbers are those of the steps above. A successor of the given key is known once the
    directory is read, so a checkpoint that it signed is verified last.
    """
    openssl = OpenSsl(folder)
    for given in (root, tsa_root):
        if given is not None:
            openssl.check_root(given)
    root = openssl.roots_of(root)
    with Archive(bundle) as archive:  # 1
        exchange_id = archive.manifest["exchange_id"]
        for name in READING:
            archive.read(name)
        if archive.left_out:
            yield (
                f"archive     packed again: {archive.left_out} files that macOS or Windows added"
                " were left out, and are no part of the bundle"
            )
        # 2, by the given key
        keys = LogKeys(vkey, openssl)
        note = Note(archive.read("checkpoint.note"))
        is_given = keys.is_given_on(note)
        if is_given:
            verify_checkpoint(note, vkey, openssl)
        checkpoint = read_checkpoint(note, keys.name)
        if is_given:
            yield f"checkpoint  the log's key signed a tree of {checkpoint.size} entries"
        # 8, 9
        yield from verify_vouchers(archive, note, checkpoint, keys, openssl, witnesses, tsa_root)
        # 3 to 7
        directory = Directory(root, keys, openssl)
        entries = Entries(archive, exchange_id, checkpoint, directory, openssl)
        yield from entries.verify()
        if directory.unverified:
            yield (
                f"signatures  NOT VERIFIED: {directory.unverified} by post-quantum keys, beside"
                " those that are verified; OpenSSL 3.5 or later would verify them"
            )
        # 2, by a successor
        for size, key in keys.chain[1:]:
            yield f"log key     from {size} entries on {key}; the key before it signed that"
        if keys.chain or not is_given:
            by = keys.verify(checkpoint)
            yield f"checkpoint  the log's key {by} signed a tree of {checkpoint.size} entries"
        # 1, the files that were vouched for and no other
        for name, data in directory.files.items():
            if name in archive.names and archive.read(name) != data:
                raise Refused("ENTRY_MISMATCH", f"{name} is not what the log published")
        stamp = archive.names & {STAMP}
        expected = {"checkpoint.note", *READING} | stamp | entries.files
        verify_files(archive, expected | set(directory.files))


def shown(line: str) -> str:
    """A line in printable ASCII: what others wrote may not steer a terminal."""
    return ascii(line)[1:-1]


class Output:
    """The lines that the script prints; a stream that takes nothing changes no verdict."""

    def __init__(self) -> None:
        self.is_lost = sys.stdout is None
        """True if something could not be written; a reader that went away wanted no more."""

    def tell(self, line: str) -> None:
        """Print a line."""
        try:
            print(shown(line), flush=True)
        except OSError as error:
            self.is_lost = self.is_lost or not isinstance(error, BrokenPipeError)
            # Held-back lines would fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_readable(file: Path) -> None:
    """Check that a file can be read; raises Misgiven."""
    if file.is_dir():
        words = "it is a folder; of an unpacked bundle pack the files into one zip archive"
    elif file.exists() and not file.is_file():
        words = "it is no plain file, such as a pipe: save it as one"
    else:
        try:
            file.open("rb").close()
        except FileNotFoundError:
            words = "there is no such file: check its name"
        except PermissionError:
            words = "this user may not read it: ask its owner, or copy it"
        except (OSError, ValueError) as error:
            words = str(getattr(error, "strerror", None) or error)
        else:
            return
    raise Misgiven("FILE_UNREADABLE", f"cannot read {file}: {words}")


def _check_hashes() -> None:
    """Check that this Python computes SHA-256: where only FIPS modules may, some do not."""
    try:
        hmac.new(b"", hashlib.sha256(b"").digest(), hashlib.sha256).digest()
    except ValueError as error:
        raise Unchecked(
            "PYTHON_UNFIT",
            f"this Python does not compute SHA-256 ({error}): its OpenSSL is set to FIPS without a"
            " module for it; unset OPENSSL_CONF, or take another machine",
        ) from None


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    """Make a folder for what openssl is to read; raises Unchecked."""
    try:
        return tempfile.TemporaryDirectory()
    except OSError as error:
        raise Unchecked(
            "MACHINE_UNFIT",
            f"this user can write to no folder for temporary files ({error.strerror}): make room"
            " there, or set TMPDIR to a folder of this user's",
        ) from None


def _words_of(error: "OSError | MemoryError") -> str:
    """Say what this machine lacks, and what to do."""
    if isinstance(error, MemoryError):
        return "it has too little memory: end other programs, or take another machine"
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"{error.strerror or error}{where}: make room, or look at the rights and limits of this"
        " user, and run it again"
    )


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle of the exchange.")
    parser.add_argument("bundle", type=Path, help="the bundle (.zip)")
    parser.add_argument(
        "--root", type=Path, required=True, help="root certificate (PEM), from a trusted place"
    )
    parser.add_argument(
        "--log-key", required=True, help="the log's verifier key, from a trusted place"
    )
    parser.add_argument(
        "--witness",
        metavar="VKEY",
        action="append",
        default=[],
        help="a witness's verifier key, from a trusted place; may be given again",
    )
    parser.add_argument(
        "--witnesses-required",
        metavar="K",
        type=int,
        help="how many of these witnesses must have cosigned the checkpoint; all, unless given",
    )
    parser.add_argument(
        "--tsa-root",
        type=Path,
        help="root certificate (PEM) of the time-stamping authority, from a trusted place",
    )
    given = parser.parse_args(arguments)
    required = given.witnesses_required
    if required is not None and not 1 <= required <= len(given.witness):
        parser.error(
            f"expected --witnesses-required from 1 to the {len(given.witness)} of --witness"
        )
    out = Output()
    try:
        for file in (given.bundle, given.root, given.tsa_root):
            if file is not None:
                _check_readable(file)
        _check_hashes()
        witnesses = None
        if given.witness:
            witnesses = Witnesses(required or len(given.witness), given.witness)
        with _temporary_folder() as folder:
            root, tsa_root = given.root.resolve(strict=True), given.tsa_root
            if tsa_root is not None:
                tsa_root = tsa_root.resolve(strict=True)
            for line in verify(
                given.bundle,
                root,
                given.log_key,
                Path(folder),
                witnesses=witnesses,
                tsa_root=tsa_root,
            ):
                out.tell(line)
    except (Damaged, Misgiven) as error:
        out.tell(f"NOT CHECKED  {error.reason}: {error.message}")
        return _EXIT_DAMAGED
    except Unchecked as error:
        out.tell(f"NOT CHECKED  {error.reason}: {error.message}")
        return _EXIT_UNCHECKED
    except Refused as error:
        out.tell(f"NOT VERIFIED  {error.reason}: {error.message}")
        return _EXIT_REFUSED
    except KeyboardInterrupt:
        out.tell("NOT CHECKED  STOPPED: it was stopped before the end")
        return _EXIT_STOPPED
    except (OSError, MemoryError) as error:
        out.tell(f"NOT CHECKED  MACHINE_UNFIT: {_words_of(error)}")
        return _EXIT_UNCHECKED
    except Exception as error:  # noqa: BLE001 -- a fault of this script is no verdict
        out.tell(
            "NOT CHECKED  SCRIPT_FAULT: this script came to no end"
            f" ({type(error).__name__}: {error}); send this line to whoever gave it to you"
        )
        return _EXIT_UNCHECKED
    out.tell("VERIFIED  account.html was not checked: what is proved stands above.")
    return _EXIT_UNWRITTEN if out.is_lost else 0


if __name__ == "__main__":
    sys.exit(main())
