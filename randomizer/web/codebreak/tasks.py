"""What a code break asks for: the impact assessment, the decision on treatment, the explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import render_template, request, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.domain.records import TaskKind
from randomizer.errors import NotFound
from randomizer.services import afterwards, exposure, impact
from randomizer.services.views import impact_views, participant_views, worklist
from randomizer.web import auth, signing
from randomizer.web.codebreak.pages import SHOWN_AGAIN, again, codebreak, done, form_of, looking, signer
from randomizer.web.door import this
from randomizer.web.forms import Field, Form

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from werkzeug.wrappers import Response

    from randomizer.domain.people import Person
    from randomizer.domain.records import Task
    from randomizer.masking import View
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.services.views.sight import Sight

TREATMENT = Field(
    name="treatment",
    label="This participant's treatment",
    type="radio",
    options=(
        (afterwards.GOES_ON, "Goes on", "The next infusion stays as it is planned."),
        (
            afterwards.STOPS,
            "Stops",
            "Nothing more is booked, prepared or handed out; follow-up goes on.",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How one kind of task is done.

    Args:
        act: Who may do it.
        heading: What the page is called.
        fields: What is asked, the words first.
        meaning: What the signature states.
        button: The verb.
    """

    act: Act
    heading: str
    fields: tuple[Field, ...]
    meaning: str
    button: str


LISTED = "assessments"
"""Carries the entries in which the listed blinded assessments stand: what is signed covers this list."""


def _words(label: str, hint: str) -> Field:
    return Field(name="why", label=label, type="textarea", hint=hint)


WORK: Mapping[TaskKind, Work] = {
    TaskKind.IMPACT_ASSESSMENT: Work(
        act=Act.IMPACT_SIGNED,
        heading="Impact assessment",
        fields=(
            _words(
                "Assessment",
                "What of the assessments above may be affected, and why. Nothing of what was given.",
            ),
        ),
        meaning=impact.IMPACT_MEANING,
        button="Sign the assessment",
    ),
    TaskKind.TREATMENT_DECISION: Work(
        act=Act.TREATMENT_DECIDED,
        heading="Does treatment go on?",
        fields=(TREATMENT, _words("Reason", "Stays behind this door. Nothing of what was given.")),
        meaning=afterwards.DECISION_MEANING,
        button="Sign the decision",
    ),
    TaskKind.EXPLANATION: Work(
        act=Act.BREAK_EXPLAINED,
        heading="Explain the code break",
        fields=(
            _words(
                "Explanation to the sponsor",
                "Why the treatment had to be known, and who knows it now. Nothing of what was given.",
            ),
        ),
        meaning=afterwards.EXPLANATION_MEANING,
        button="Sign the explanation",
    ),
}


def of(seen: Sight) -> list[View]:
    """Open tasks of code breaks that the person may sign for; others are done at the site door."""
    mine = {kind for kind, work in WORK.items() if seen.person.roles & MAY[work.act]}
    return [one for one in worklist.tasks(seen) if TaskKind(one["kind"]) in mine]


def find(seen: Sight, number: int) -> View:
    """An open task that the person may sign for.

    Raises:
        NotFound: There is none.
    """
    for one in of(seen):
        if one["number"] == number:
            return one
    raise NotFound("There is no such open task for you.", next_step="Look at the list of tasks.")


def sign(uow: UnitOfWork, person: Person, step_up: StepUp, number: int, given: Mapping[str, str]) -> Task:
    """Sign for a task, whatever kind it is.

    Args:
        uow: The unit of work.
        person: Who signs.
        step_up: Their re-authentication.
        number: Number of the task.
        given: `why`; `treatment` where that is to be decided; `assessments`, the entries in which the
            blinded ones stand that an impact assessment was shown, with spaces between.

    Raises:
        NotFound: There is no such task.
        NotAllowed, Refused, StepUpRefused: As the act has it.
    """
    kind, why = impact.kind_of(uow, number), given.get("why", "")
    if kind is TaskKind.TREATMENT_DECISION:
        treatment = given.get("treatment", "")
        return afterwards.decide(uow, person, step_up, number, treatment=treatment, why=why)
    if kind is TaskKind.EXPLANATION:
        return afterwards.explain(uow, person, step_up, number, why)
    shown = [int(one) for one in given.get(LISTED, "").split() if one.isdecimal()]
    return impact.sign_impact(uow, person, step_up, number, why, listed=shown)


@codebreak.get("/tasks")
def tasks() -> str:
    """Tasks of code breaks that nobody has signed."""
    auth.demand_act(Act.IMPACT_SIGNED)
    with looking() as seen:
        rows = of(seen)
    return render_template("codebreak/tasks.html", rows=rows)


@codebreak.route("/tasks/<int:number>", methods=["GET", "POST"])
def task(number: int) -> str | Response:
    """Sign for one task."""
    auth.demand_act(Act.IMPACT_SIGNED)
    with looking() as seen:
        found = find(seen, number)
        assessed = impact_views.of(seen, number)
        came_after = _came_after(seen, found, assessed.get("exposed_at") or found["opened_at"])
    work = WORK[TaskKind(found["kind"])]
    if request.method == "POST":
        form = Form.posted(work.fields, request.form)
        signing.read(form)
        try:
            step_up = signing.step_up(form)
            with this().store.writing() as uow:
                given = {**form.typed, LISTED: request.form.get(LISTED, "")}
                sign(uow, auth.person(), step_up, number, given)
        except SHOWN_AGAIN as error:
            return again(form, error, request.path)
        return done(request.path, url_for("codebreak.tasks"))
    return render_template(
        "codebreak/task.html",
        task=found,
        work=work,
        form=form_of(work.fields),
        came_after=came_after,
        assessed=assessed,
        signer=signer(),
    )


def _came_after(seen: Sight, found: View, since: datetime) -> list[View]:
    """What is on record of the participant since somebody knew, as the person may see it."""
    site = participant_views.find(seen, found["participant"]).site
    known = exposure.marked(seen.uow, found["participant"])
    listed = participant_views.events(seen, found["participant"], site, known=known)
    return [one for one in listed if one["at"] > since and "by" in one]
