"""The library with which agencies speak on the exchange: what is listed here is its public API.

    from agency_client import ExchangeClient, InformationRequest

    with ExchangeClient.from_profile("kz.mia") as hub:
        sent = hub.request_information(
            to="kz.fma",
            brief="Suspected laundering of heroin proceeds",
            request=InformationRequest(items=["TRANSACTIONS"]),
            due="7d",
        )
        print(sent.exchange_id)

`help(ExchangeClient)` lists the methods, with every argument. docs/python.md is the guide. Errors
are `ExchangeError`s; verification is on and has no off switch.

Names:

  Clients
    AsyncExchangeClient      One agency's access to the exchange; use it in an `async with` block.
    ExchangeClient           One agency's access to the exchange; use it in a `with` block.
    ReferArguments           The arguments of `refer`, as a mapping; the method explains each.
    RequestAnalysisArguments The arguments of `request_analysis`, as a mapping; the method
                             explains each.
    RequestInformationArguments The arguments of `request_information`, as a mapping; the method
                             explains each.

  What they give
    Agency                   An enrolled agency; `country` is ISO 3166-1 alpha-2, empty for an
                             international agency.
    AgencyId                 The id of an agency, such as "kz.fma": a text.
    Approval                 A coordinator's own signed decision to release a leg.
    Body                     Base of all bodies: frozen dataclasses with slots, named like the
                             wire contract's fields.
    CertificateRecord        A signing certificate on the log; `revoked_at` is the hub time of its
                             revocation.
    Checkpoint               The commitment of a log: the number of its leaves and the root over
                             them.
    CommitmentOpening        The opening of a leaf: the entry's exact bytes, its nonce, and any
                             statement.
    ConsentStep              The step that a row is in the life of a consent to onward use.
    Cosignature              A verified cosignature: at that time the witness had seen no larger
                             tree, and no other.
    Directory                The directory after `size` directory statements; immutable.
    DisclosedPart            A part that its reader discloses, with what shows that it is the one
                             that was sealed.
    Draft                    A statement before it is encoded and signed; times are aware, exact
                             to the microsecond.
    Entry                    One entry.
    Event                    Events that an entry records.
    Evidence                 Everything of an exchange that an agency can show to others.
    Exchange                 The state of an exchange: what its statements, in log order, have
                             made of it.
    ExchangeSummary          An exchange as the hub lists it; unverified.
    Foreseen                 The fate of a statement that was sent now, by the policy on the log.
    Head                     A checkpoint that the log's key signed, with the exact bytes of its
                             note.
    Header                   The header of a statement: codes that the hub may read and the policy
                             may decide on.
    Leg                      One recipient's side of an exchange.
    LegChange                The effect of a statement or a delivery on one leg; `before` is None
                             for a new leg.
    LegSummary               A leg as the hub lists it.
    LogLeaf                  A leaf of the log as the hub shows it; unverified.
    Member                   An agency's system, or a person who acts for the agency in a role.
    Notice                   Something became visible to the agency; the hub's word, `get`
                             verifies it.
    Part                     A sealed part; `sha256` and `size` are those of the sealed bytes.
    PartFault                A part that this agency should be able to read, and cannot.
    Policy                   A compiled policy; `digest` is SHA-256 of its text.
    ProvenEntry              An opened entry with its inclusion proof (RFC 9162) (32-byte hashes).
    Queued                   The statement waits in the outbox; `flush_outbox` sends it.
    Receipt                  A verified receipt: the entry, and the signed checkpoint that covers
                             it.
    Refused                  The hub refused a statement of the outbox; it was moved aside.
    Role                     Roles in which a member's certificate lets its holder act.
    Ruling                   The ruling on a statement or a delivery, as the log records it.
    SealingPublicKey         A reader's public key: a 1184-byte ML-KEM-768 key, then a 32-byte
                             X25519 key.
    Sent                     The hub accepted the statement, and its receipt is verified and kept.
    SignedStatement          Exact bytes of a statement with its signatures; nothing is verified
                             yet.
    Statement                A parsed statement; `digest` is SHA-256 of its exact payload.
    Tile                     Consecutive hashes of one level of the tree (C2SP tlog-tiles);
                             unverified.
    UnsealedExchange         An exchange, verified and unsealed as far as the agency may read it.
    UnsealedStatement        A verified statement with the parts that the agency could unseal.
    VerifiedExchange         An exchange as far as an agency may see it, proven entry by entry
                             against one checkpoint.
    VerifiedStatement        A statement that is proven to be on the log; its author and signature
                             were verified.
    WitnessedHead            A signed checkpoint that enough witnesses cosigned.
    WrappedKey               A part's content key, wrapped to one reader.

  What they take
    Agencies                 One agency id such as "kz.fma", or several.
    Attachments              Files to attach, by name: their bytes, or the path of each.
    Due                      When an answer is due: a timedelta, a date, a datetime, or a text
                             such as 7d.
    Entities                 FollowTheMoney entities: an iterable of them, or the path of their
                             file.
    GivenBrief               A brief: a `Brief`, a text (its summary), or a mapping of its fields.
    HasId                    Anything that stands for an exchange: a summary, an exchange itself,
                             a result of sending, a notice.

  Documents and entities
    AnalysisProduct          The content of a product of analysis.
    AnalysisRequest          The content of a request for analysis.
    Brief                    The brief: an approver and a supervisor judge by it, and it holds no
                             more than they need.
    CaseStage                The stage of the case.
    ConsentWanted            An onward use that the sender asks consent for.
    ContentDocument          What the part `content` may hold: one of the documents above.
    Entity                   One entity, as it is sealed.
    InformationRequest       A request for financial information (INR.40 paragraph 1).
    Item                     Items that a request for financial information asks for.
    Period                   Days from start to end, both included.
    ReferralDocument         The content of a referral.
    ReplyDocument            An answer, whole or in part, or a supplement to what was asked.
    Score                    The weight of a match.
    Where                    The place at which a term stands.
    entities_from_csv        Make entities from a table by a FollowTheMoney mapping (YAML).
    identifier_warnings      Tell the doubts about an entity's identifiers; the values themselves
                             are not repeated.
    load_document            Read a document from a YAML or JSON file; raises DOCUMENT_INVALID.
    read_entities            Read entities from a file of JSON lines and check all of it; raises
                             DOCUMENT_INVALID.
    validate_document        Check the fields of a document; raises DOCUMENT_INVALID, naming the
                             source and the field.

  Codes
    AgencyType               Sorts of authority; the policy decides on them.
    AssetType                Sorts of asset.
    ClaimAct                 Steps of an approver with a held leg before it decides.
    ClearanceResult          Answers to an advance notice.
    ConsentGround            Grounds to refuse consent (Directive (EU) 2024/1640, article 34).
    ConsentOutcome           Answers to a request for consent.
    CorrectionReason         Faults of a statement that is corrected.
    Currency                 Currencies of the region and of its trade (ISO 4217); amounts are in
                             whole units.
    DeclineReason            Reasons for which an agency takes no part in a joint case.
    ErasureGround            Grounds to erase content.
    ExtensionGround          Reasons for which an answer needs longer.
    FeedbackUse              Uses that were made of the information.
    FreezeConversion         Measures that take the place of a freeze.
    FreezeObstacle           Obstacles to a freeze; a refusal on a legal ground is a `refuse`.
    FreezeOutcome            Outcomes of a freeze.
    Handling                 Europol handling codes (Council doc. 6243/18).
    InformationGrade         Accuracy of the information, codes 1 to 4 (Council doc. 6243/18).
    Kind                     Kinds of statement; the value is the name of the body's field on the
                             wire.
    Language                 Language of the sealed text.
    LegState                 States of one recipient's side of an exchange.
    NoticeCode               Obstacles that do not end a request.
    OffenceType              Designated categories of offences of the FATF, and money laundering
                             (docs/rules.md#p25).
    Party                    The part that an agency has in an exchange, or on one of its legs.
    Purpose                  Uses that the information may be put to.
    ReaderRole               Roles in which a reader holds a key to a part; the text is bound into
                             the seal.
    RecallUse                The work of a recipient on a request before its recall came.
    RefusalGround            Grounds on which an exchange may be refused.
    ReplyResult              Results of a request or a referral.
    RevocationReason         RFC 5280, 5.3.1.
    SourceGrade              Reliability of the source (Council doc. 6243/18).
    SupervisorWish           Wishes of a supervisor beside its comment.
    TaskResult               Results of a task.
    TimeLimitRule            Rules whose times are published on the log (docs/rules.md, section
                             Clocks).
    Tlp                      FIRST TLP 2.0.
    TraceResult              Results of an asset trace.
    Urgency                  The urgency of an answer; the reason for urgency is in the brief.
    Verdict                  Decisions of an approver on a held leg.
    WithholdingGround        Grounds on which the copy for a supervisor is withheld
                             (docs/rules.md#p9).

  Errors
    CallerError              The request is wrong; the same request will fail again.
    Conflict                 The present state, or an earlier statement, forbids it.
    ExchangeError            Base of all errors of the exchange; `reason` is stable, the message
                             is for people.
    HubDishonest             Evidence that the hub broke the protocol.
    HubError                 The hub failed, or lied.
    HubInternal              The hub failed inside; it tells nothing more.
    HubUnavailable           The hub is not reachable or not serving; the same call may work
                             later.
    InvalidInput             Malformed or contradictory input.
    LimitExceeded            A size or rate limit was exceeded.
    NotAuthenticated         The identity of a caller or a signer could not be established.
    NotFound                 No such thing, or none that this caller may know of.
    NotPermitted             The caller is known, but role, policy or scope forbids it.
    PeerError                Another agency's data does not verify.
    Reason                   Stable reasons.
    SealBroken               A sealed part cannot be opened, or was altered.
    SignatureInvalid         A signature, certificate or approval of a peer is not good.

  Profile, keys and outbox
    Case                     One case of the agency.
    CaseBook                 The cases of one profile.
    Defaults                 Terms of statements that the caller leaves out.
    Found                    An exchange in which all words were found.
    Hit                      A text in which a word was found.
    Holding                  One set of entities that was imported.
    Holdings                 The holdings of one profile.
    KeptReceipt              The hub's promise for a statement: which entry of the log it is.
    KeyPair                  A certificate of a new profile, with its keys.
    Match                    A subject that meets an entity of one's own.
    Outbox                   The statements that wait, those refused, and the receipts of those
                             accepted.
    OutboxEntry              A statement that waits to be sent.
    PinnedHub                The hub that a new profile is for, with all that the profile pins.
    Profile                  A loaded profile: pinned trust, and the keys of one agency.
    RefusedEntry             A statement that the hub refused, and why.
    SearchIndex              The search index of one profile.
    SearchResult             The result of a search.
    find_profile             The folder of a profile: itself, or the one of that name under
                             $EXCHANGE_PROFILES.
    generate_sealing_key     Make a sealing key and keep it in a new file of the folder.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from agency_client._acts import (
        ReferArguments,
        RequestAnalysisArguments,
        RequestInformationArguments,
    )
    from agency_client.aio import AsyncExchangeClient
    from agency_client.client import ExchangeClient
    from agency_client.content.document_reading import load_document, validate_document
    from agency_client.content.documents import (
        AnalysisProduct,
        AnalysisRequest,
        Brief,
        CaseStage,
        ConsentWanted,
        ContentDocument,
        InformationRequest,
        Item,
        Period,
        ReferralDocument,
        ReplyDocument,
    )
    from agency_client.content.entities import (
        Entity,
        entities_from_csv,
        identifier_warnings,
        read_entities,
    )
    from agency_client.content.matching import Score
    from agency_client.content.search_terms import Where
    from agency_client.core.exchanges import HasId
    from agency_client.core.gathering import DisclosedPart, Evidence
    from agency_client.core.given import Agencies, Attachments, Entities, GivenBrief
    from agency_client.core.log import LogLeaf, Tile
    from agency_client.core.times import Due
    from agency_client.core.views import (
        Approval,
        Foreseen,
        PartFault,
        Queued,
        Refused,
        Sent,
        UnsealedExchange,
        UnsealedStatement,
        VerifiedExchange,
        VerifiedStatement,
    )
    from agency_client.state.cases import Case, CaseBook
    from agency_client.state.checkpoints import Head, WitnessedHead
    from agency_client.state.holdings import Holding, Holdings, Match
    from agency_client.state.kept_receipts import KeptReceipt
    from agency_client.state.keys import generate_sealing_key
    from agency_client.state.outbox import Outbox, OutboxEntry, RefusedEntry
    from agency_client.state.profile import Defaults, KeyPair, PinnedHub, Profile
    from agency_client.state.profile_file import find_profile
    from agency_client.state.search_index import Found, Hit, SearchIndex, SearchResult
    from exchange_protocol.errors import (
        CallerError,
        Conflict,
        ExchangeError,
        HubDishonest,
        HubError,
        HubInternal,
        HubUnavailable,
        InvalidInput,
        LimitExceeded,
        NotAuthenticated,
        NotFound,
        NotPermitted,
        PeerError,
        Reason,
        SealBroken,
        SignatureInvalid,
    )
    from exchange_protocol.kinds.announce_correction import CorrectionReason
    from exchange_protocol.kinds.asset_findings import AssetType, TraceResult
    from exchange_protocol.kinds.bodies import Body
    from exchange_protocol.kinds.catalogue import Kind
    from exchange_protocol.kinds.claim import ClaimAct
    from exchange_protocol.kinds.clearance import ClearanceResult
    from exchange_protocol.kinds.codes import (
        AgencyType,
        Currency,
        Handling,
        InformationGrade,
        Language,
        LegState,
        Party,
        Purpose,
        ReaderRole,
        RefusalGround,
        SourceGrade,
        TimeLimitRule,
        Tlp,
        Urgency,
        WithholdingGround,
    )
    from exchange_protocol.kinds.complete_task import TaskResult
    from exchange_protocol.kinds.confirm_recall import RecallUse
    from exchange_protocol.kinds.consent_decision import ConsentGround, ConsentOutcome
    from exchange_protocol.kinds.decision import Verdict
    from exchange_protocol.kinds.decline import DeclineReason
    from exchange_protocol.kinds.erase_notice import ErasureGround
    from exchange_protocol.kinds.extend_deadline import ExtensionGround
    from exchange_protocol.kinds.feedback import FeedbackUse
    from exchange_protocol.kinds.freeze_status import (
        FreezeConversion,
        FreezeObstacle,
        FreezeOutcome,
    )
    from exchange_protocol.kinds.give_notice import NoticeCode
    from exchange_protocol.kinds.offences import OffenceType
    from exchange_protocol.kinds.reply import ReplyResult
    from exchange_protocol.kinds.revoke_certificate import RevocationReason
    from exchange_protocol.kinds.rows import ConsentStep
    from exchange_protocol.kinds.supervisor_comment import SupervisorWish
    from exchange_protocol.log.checkpoint import Checkpoint
    from exchange_protocol.log.cosignatures import Cosignature
    from exchange_protocol.record.entries import CommitmentOpening, Entry, Event
    from exchange_protocol.record.listing import ExchangeSummary, LegSummary
    from exchange_protocol.record.notices import Notice
    from exchange_protocol.record.receipts import ProvenEntry, Receipt
    from exchange_protocol.rules.directory import CertificateRecord, Directory
    from exchange_protocol.rules.exchange import Exchange, Leg, LegChange
    from exchange_protocol.rules.judgement import Ruling
    from exchange_protocol.rules.policy import Policy
    from exchange_protocol.rules.rulebook import Agency
    from exchange_protocol.rules.signed_statements import SignedStatement
    from exchange_protocol.rules.statements import Draft, Header, Part, Statement
    from exchange_protocol.trust.identity import AgencyId, Member, Role
    from exchange_protocol.trust.sealing import SealingPublicKey, WrappedKey

__all__ = [
    "Agencies",
    "Agency",
    "AgencyId",
    "AgencyType",
    "AnalysisProduct",
    "AnalysisRequest",
    "Approval",
    "AssetType",
    "AsyncExchangeClient",
    "Attachments",
    "Body",
    "Brief",
    "CallerError",
    "Case",
    "CaseBook",
    "CaseStage",
    "CertificateRecord",
    "Checkpoint",
    "ClaimAct",
    "ClearanceResult",
    "CommitmentOpening",
    "Conflict",
    "ConsentGround",
    "ConsentOutcome",
    "ConsentStep",
    "ConsentWanted",
    "ContentDocument",
    "CorrectionReason",
    "Cosignature",
    "Currency",
    "DeclineReason",
    "Defaults",
    "Directory",
    "DisclosedPart",
    "Draft",
    "Due",
    "Entities",
    "Entity",
    "Entry",
    "ErasureGround",
    "Event",
    "Evidence",
    "Exchange",
    "ExchangeClient",
    "ExchangeError",
    "ExchangeSummary",
    "ExtensionGround",
    "FeedbackUse",
    "Foreseen",
    "Found",
    "FreezeConversion",
    "FreezeObstacle",
    "FreezeOutcome",
    "GivenBrief",
    "Handling",
    "HasId",
    "Head",
    "Header",
    "Hit",
    "Holding",
    "Holdings",
    "HubDishonest",
    "HubError",
    "HubInternal",
    "HubUnavailable",
    "InformationGrade",
    "InformationRequest",
    "InvalidInput",
    "Item",
    "KeptReceipt",
    "KeyPair",
    "Kind",
    "Language",
    "Leg",
    "LegChange",
    "LegState",
    "LegSummary",
    "LimitExceeded",
    "LogLeaf",
    "Match",
    "Member",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "Notice",
    "NoticeCode",
    "OffenceType",
    "Outbox",
    "OutboxEntry",
    "Part",
    "PartFault",
    "Party",
    "PeerError",
    "Period",
    "PinnedHub",
    "Policy",
    "Profile",
    "ProvenEntry",
    "Purpose",
    "Queued",
    "ReaderRole",
    "Reason",
    "RecallUse",
    "Receipt",
    "ReferArguments",
    "ReferralDocument",
    "RefusalGround",
    "Refused",
    "RefusedEntry",
    "ReplyDocument",
    "ReplyResult",
    "RequestAnalysisArguments",
    "RequestInformationArguments",
    "RevocationReason",
    "Role",
    "Ruling",
    "Score",
    "SealBroken",
    "SealingPublicKey",
    "SearchIndex",
    "SearchResult",
    "Sent",
    "SignatureInvalid",
    "SignedStatement",
    "SourceGrade",
    "Statement",
    "SupervisorWish",
    "TaskResult",
    "Tile",
    "TimeLimitRule",
    "Tlp",
    "TraceResult",
    "UnsealedExchange",
    "UnsealedStatement",
    "Urgency",
    "Verdict",
    "VerifiedExchange",
    "VerifiedStatement",
    "Where",
    "WithholdingGround",
    "WitnessedHead",
    "WrappedKey",
    "entities_from_csv",
    "find_profile",
    "generate_sealing_key",
    "identifier_warnings",
    "load_document",
    "read_entities",
    "validate_document",
]

_HOMES: Final = {
    "Agencies": "agency_client.core.given",
    "Agency": "exchange_protocol.rules.rulebook",
    "AgencyId": "exchange_protocol.trust.identity",
    "AgencyType": "exchange_protocol.kinds.codes",
    "AnalysisProduct": "agency_client.content.documents",
    "AnalysisRequest": "agency_client.content.documents",
    "Approval": "agency_client.core.views",
    "AssetType": "exchange_protocol.kinds.asset_findings",
    "AsyncExchangeClient": "agency_client.aio",
    "Attachments": "agency_client.core.given",
    "Body": "exchange_protocol.kinds.bodies",
    "Brief": "agency_client.content.documents",
    "CallerError": "exchange_protocol.errors",
    "Case": "agency_client.state.cases",
    "CaseBook": "agency_client.state.cases",
    "CaseStage": "agency_client.content.documents",
    "CertificateRecord": "exchange_protocol.rules.directory",
    "Checkpoint": "exchange_protocol.log.checkpoint",
    "ClaimAct": "exchange_protocol.kinds.claim",
    "ClearanceResult": "exchange_protocol.kinds.clearance",
    "CommitmentOpening": "exchange_protocol.record.entries",
    "Conflict": "exchange_protocol.errors",
    "ConsentGround": "exchange_protocol.kinds.consent_decision",
    "ConsentOutcome": "exchange_protocol.kinds.consent_decision",
    "ConsentStep": "exchange_protocol.kinds.rows",
    "ConsentWanted": "agency_client.content.documents",
    "ContentDocument": "agency_client.content.documents",
    "CorrectionReason": "exchange_protocol.kinds.announce_correction",
    "Cosignature": "exchange_protocol.log.cosignatures",
    "Currency": "exchange_protocol.kinds.codes",
    "DeclineReason": "exchange_protocol.kinds.decline",
    "Defaults": "agency_client.state.profile",
    "Directory": "exchange_protocol.rules.directory",
    "DisclosedPart": "agency_client.core.gathering",
    "Draft": "exchange_protocol.rules.statements",
    "Due": "agency_client.core.times",
    "Entities": "agency_client.core.given",
    "Entity": "agency_client.content.entities",
    "Entry": "exchange_protocol.record.entries",
    "ErasureGround": "exchange_protocol.kinds.erase_notice",
    "Event": "exchange_protocol.record.entries",
    "Evidence": "agency_client.core.gathering",
    "Exchange": "exchange_protocol.rules.exchange",
    "ExchangeClient": "agency_client.client",
    "ExchangeError": "exchange_protocol.errors",
    "ExchangeSummary": "exchange_protocol.record.listing",
    "ExtensionGround": "exchange_protocol.kinds.extend_deadline",
    "FeedbackUse": "exchange_protocol.kinds.feedback",
    "Foreseen": "agency_client.core.views",
    "Found": "agency_client.state.search_index",
    "FreezeConversion": "exchange_protocol.kinds.freeze_status",
    "FreezeObstacle": "exchange_protocol.kinds.freeze_status",
    "FreezeOutcome": "exchange_protocol.kinds.freeze_status",
    "GivenBrief": "agency_client.core.given",
    "Handling": "exchange_protocol.kinds.codes",
    "HasId": "agency_client.core.exchanges",
    "Head": "agency_client.state.checkpoints",
    "Header": "exchange_protocol.rules.statements",
    "Hit": "agency_client.state.search_index",
    "Holding": "agency_client.state.holdings",
    "Holdings": "agency_client.state.holdings",
    "HubDishonest": "exchange_protocol.errors",
    "HubError": "exchange_protocol.errors",
    "HubInternal": "exchange_protocol.errors",
    "HubUnavailable": "exchange_protocol.errors",
    "InformationGrade": "exchange_protocol.kinds.codes",
    "InformationRequest": "agency_client.content.documents",
    "InvalidInput": "exchange_protocol.errors",
    "Item": "agency_client.content.documents",
    "KeptReceipt": "agency_client.state.kept_receipts",
    "KeyPair": "agency_client.state.profile",
    "Kind": "exchange_protocol.kinds.catalogue",
    "Language": "exchange_protocol.kinds.codes",
    "Leg": "exchange_protocol.rules.exchange",
    "LegChange": "exchange_protocol.rules.exchange",
    "LegState": "exchange_protocol.kinds.codes",
    "LegSummary": "exchange_protocol.record.listing",
    "LimitExceeded": "exchange_protocol.errors",
    "LogLeaf": "agency_client.core.log",
    "Match": "agency_client.state.holdings",
    "Member": "exchange_protocol.trust.identity",
    "NotAuthenticated": "exchange_protocol.errors",
    "NotFound": "exchange_protocol.errors",
    "NotPermitted": "exchange_protocol.errors",
    "Notice": "exchange_protocol.record.notices",
    "NoticeCode": "exchange_protocol.kinds.give_notice",
    "OffenceType": "exchange_protocol.kinds.offences",
    "Outbox": "agency_client.state.outbox",
    "OutboxEntry": "agency_client.state.outbox",
    "Part": "exchange_protocol.rules.statements",
    "PartFault": "agency_client.core.views",
    "Party": "exchange_protocol.kinds.codes",
    "PeerError": "exchange_protocol.errors",
    "Period": "agency_client.content.documents",
    "PinnedHub": "agency_client.state.profile",
    "Policy": "exchange_protocol.rules.policy",
    "Profile": "agency_client.state.profile",
    "ProvenEntry": "exchange_protocol.record.receipts",
    "Purpose": "exchange_protocol.kinds.codes",
    "Queued": "agency_client.core.views",
    "ReaderRole": "exchange_protocol.kinds.codes",
    "Reason": "exchange_protocol.errors",
    "RecallUse": "exchange_protocol.kinds.confirm_recall",
    "Receipt": "exchange_protocol.record.receipts",
    "ReferArguments": "agency_client._acts",
    "ReferralDocument": "agency_client.content.documents",
    "RefusalGround": "exchange_protocol.kinds.codes",
    "Refused": "agency_client.core.views",
    "RefusedEntry": "agency_client.state.outbox",
    "ReplyDocument": "agency_client.content.documents",
    "ReplyResult": "exchange_protocol.kinds.reply",
    "RequestAnalysisArguments": "agency_client._acts",
    "RequestInformationArguments": "agency_client._acts",
    "RevocationReason": "exchange_protocol.kinds.revoke_certificate",
    "Role": "exchange_protocol.trust.identity",
    "Ruling": "exchange_protocol.rules.judgement",
    "Score": "agency_client.content.matching",
    "SealBroken": "exchange_protocol.errors",
    "SealingPublicKey": "exchange_protocol.trust.sealing",
    "SearchIndex": "agency_client.state.search_index",
    "SearchResult": "agency_client.state.search_index",
    "Sent": "agency_client.core.views",
    "SignatureInvalid": "exchange_protocol.errors",
    "SignedStatement": "exchange_protocol.rules.signed_statements",
    "SourceGrade": "exchange_protocol.kinds.codes",
    "Statement": "exchange_protocol.rules.statements",
    "SupervisorWish": "exchange_protocol.kinds.supervisor_comment",
    "TaskResult": "exchange_protocol.kinds.complete_task",
    "Tile": "agency_client.core.log",
    "TimeLimitRule": "exchange_protocol.kinds.codes",
    "Tlp": "exchange_protocol.kinds.codes",
    "TraceResult": "exchange_protocol.kinds.asset_findings",
    "UnsealedExchange": "agency_client.core.views",
    "UnsealedStatement": "agency_client.core.views",
    "Urgency": "exchange_protocol.kinds.codes",
    "Verdict": "exchange_protocol.kinds.decision",
    "VerifiedExchange": "agency_client.core.views",
    "VerifiedStatement": "agency_client.core.views",
    "Where": "agency_client.content.search_terms",
    "WithholdingGround": "exchange_protocol.kinds.codes",
    "WitnessedHead": "agency_client.state.checkpoints",
    "WrappedKey": "exchange_protocol.trust.sealing",
    "entities_from_csv": "agency_client.content.entities",
    "find_profile": "agency_client.state.profile_file",
    "generate_sealing_key": "agency_client.state.keys",
    "identifier_warnings": "agency_client.content.entities",
    "load_document": "agency_client.content.document_reading",
    "read_entities": "agency_client.content.entities",
    "validate_document": "agency_client.content.document_reading",
}


def _version() -> str:
    try:
        return version("caricc-exchange")
    except PackageNotFoundError:
        return "0+unknown"  # Run from a source tree that is not installed.


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: gRPC and the document models take a while."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, and the packages that were imported; not what this module imports."""
    packages = [name for name, value in globals().items() if isinstance(value, ModuleType)]
    special = [name for name in globals() if name.startswith("__")]
    return sorted([*special, "__version__", *packages, *__all__])
