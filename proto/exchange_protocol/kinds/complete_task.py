"""`complete_task`: the assignee of a task of a joint case ends it."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row, TaskStep
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class TaskResult(Code):
    """Results of a task."""

    DONE = pb.TASK_RESULT_DONE, "done", "выполнено", "орындалды"
    PARTLY_DONE = (
        pb.TASK_RESULT_PARTLY_DONE,
        "partly done",
        "выполнено частично",
        "ішінара орындалды",
    )
    NOT_DONE = pb.TASK_RESULT_NOT_DONE, "not done", "не выполнено", "орындалмады"


@dataclass(frozen=True, slots=True)
class CompleteTask(Body):
    """Ends the task whose digest is `about`."""

    about: bytes
    result: TaskResult


SPEC = KindSpec(
    body=CompleteTask,
    stage=Stage.CONTINUING,
    words=Words("answer to a task", "ответ на поручение", "тапсырмаға жауап"),
    to_members=True,
    rows=(
        Row(
            party=Party.RECIPIENT,
            before=frozenset({LegState.JOINED}),
            task=TaskStep.ENDS,
        ),
    ),
    acts=(
        Act(
            name="complete_task",
            command="complete-task",
            summary="Say what came of a task that you were given.",
            done="Task completed",
            codes=("about", "result"),
            help={
                "about": "Digest of the task, in hexadecimal.",
                "result": "What came of it",
            },
            brief=Brief.OPTIONAL,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
