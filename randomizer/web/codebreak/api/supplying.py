"""Preparation, quality results and clearance, for programs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from flask import Response  # noqa: TC002 - read at run time by the API

from randomizer.domain.acts import Act
from randomizer.domain.quality import Lot, Result
from randomizer.domain.sealed_texts import Preparation
from randomizer.services import labels
from randomizer.services.care import replacements
from randomizer.services.care.products import waiting
from randomizer.services.unblinded import (
    addenda,
    clearance,
    lifting,
    preparation,
    quality,
    quality_views,
    sheets,
)
from randomizer.web import auth, exchange
from randomizer.web import labels as drawing
from randomizer.web.codebreak.api.forms import addresses, products, supply
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.pages import desk, looking, of_one_length
from randomizer.web.door import this
from randomizer.web.surface import answer, listed, text

if TYPE_CHECKING:
    from randomizer.domain.supply import PeriodRecord, Product


@api.get("/preparations", responses={200: supply.Preparations})
def preparations(query: addresses.List) -> Response:
    """Bookings whose kit is not ready."""
    auth.demand_act(Act.SHEET_OPENED)
    with looking() as seen:
        rows = [preparation.shown(seen, one.record) for one in preparation.worklist(seen.uow)]
    return listed(supply.Preparations, {"rows": rows}, supply.Booked, as_csv=query.format == "csv")


@api.post("/preparations/<number>/sheet", responses={200: supply.Sheet})
def open_sheet(path: addresses.Key, header: addresses.Once) -> Response:  # noqa: ARG001
    """Open the sheet; that goes on record first."""
    auth.demand_act(Act.SHEET_OPENED)
    found = sheets.open_sheet(desk(), auth.person(), path.number)
    with looking() as seen:
        shown = seen.show(found)
    of_one_length()
    return answer(text(shown))


@api.post("/preparations/<number>/begin", responses={200: supply.Booked})
def begin(path: addresses.Key, header: addresses.Once) -> Response:  # noqa: ARG001
    """Begin the preparation."""
    auth.demand_act(Act.PREPARATION_BEGUN)
    with this().store.writing() as uow:
        record = preparation.begin(uow, auth.person(), path.number)
    return _booked(record)


@api.post("/preparations/<number>/end", responses={200: supply.Booked})
def end(path: addresses.Key, header: addresses.Once, body: supply.Ended) -> Response:  # noqa: ARG001
    """End the preparation, with a kit that is ready or without."""
    auth.demand_act(Act.PREPARATION_ENDED)
    texts = ("content", "lot", "cell_count", "viability", "form", "thaw", "note")
    noted = Preparation(**{name: getattr(body, name) for name in texts})
    with this().store.writing() as uow:
        record = preparation.end(
            uow,
            desk(),
            auth.person(),
            path.number,
            ready=body.ready,
            kit=body.kit,
            noted=noted,
            spoiled=body.spoiled,
        )
    return _booked(record)


@api.post("/preparations/<number>/replacement", responses={200: supply.Booked})
def answer_request(path: addresses.Key, header: addresses.Once, body: supply.Answered) -> Response:  # noqa: ARG001
    """Answer the request for another kit."""
    auth.demand_act(Act.REPLACEMENT_ANSWERED)
    with this().store.writing() as uow:
        record = replacements.answer(uow, auth.person(), path.number, body.available_at)
    return _booked(record)


@api.post("/preparations/<number>/labels", responses={200: supply.Labels})
def print_labels(path: addresses.Key, header: addresses.Once, body: supply.Printed) -> Response:  # noqa: ARG001
    """Print the labels of a kit that is ready; each print goes on record first."""
    auth.demand_act(Act.LABELS_PRINTED)
    with this().store.writing() as uow:
        kit = labels.print_labels(uow, auth.person(), path.number, body.period, body.why)
    with looking() as seen:
        label = seen.show(labels.of_kit(seen.uow, kit))
    told = {"kit": label["kit"], "elements": drawing.readable(label["elements"])}
    return answer(text(told | {"pdf_base64": base64.b64encode(drawing.pdf(label)).decode()}))


@api.get("/clearances", responses={200: products.Products})
def clearances(query: addresses.List) -> Response:
    """Products that wait."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    with looking() as seen:
        rows = [seen.show(one) for one in waiting(seen.uow)]
    return listed(products.Products, {"rows": rows}, exchange.Product, as_csv=query.format == "csv")


@api.get("/clearances/<number>", responses={200: products.ProductFile})
def product_file(path: addresses.Key) -> Response:
    """A product with its lots and results."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    return _product_file(path.number)


@api.get("/quality-results", responses={200: products.Awaiting})
def awaited(query: addresses.List) -> Response:
    """Participants of whom a quality result is awaited."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with looking() as seen:
        rows = quality_views.waiting(seen)
    return listed(products.Awaiting, {"rows": rows}, products.AwaitedResult, as_csv=query.format == "csv")


@api.post("/clearances/<number>/lots", responses={200: products.ProductFile})
def record_lot(path: addresses.Key, header: addresses.Once, body: products.LotRecorded) -> Response:  # noqa: ARG001
    """Record a lot, with the results that are known."""
    auth.demand_act(Act.QUALITY_RECORDED)
    lot = Lot(number=body.lot.strip(), cell_count=body.cell_count, viability=body.viability, form=body.form)
    results = {test: Result(result) for test, result in body.results.items()}
    with this().store.writing() as uow:
        quality.record_lot(uow, desk(), auth.person(), path.number, lot=lot, results=results)
    return _product_file(path.number)


@api.post("/clearances/<number>/strike-out", responses={200: products.ProductFile})
def strike_out(path: addresses.Key, header: addresses.Once, body: products.LotStruck) -> Response:  # noqa: ARG001
    """Strike out a lot that was recorded by mistake."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with this().store.writing() as uow:
        quality.strike_out(uow, desk(), auth.person(), path.number, lot=body.lot, why=body.why)
    return _product_file(path.number)


@api.post("/clearances/<number>/results", responses={200: products.ProductFile})
def record_result(path: addresses.Key, header: addresses.Once, body: products.ResultRecorded) -> Response:  # noqa: ARG001
    """Record the result of a test of a lot or a kit, or correct one."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with this().store.writing() as uow:
        quality.record_result(
            uow,
            desk(),
            auth.person(),
            path.number,
            subject=body.subject,
            test=body.test,
            result=Result(body.result),
            corrects=body.corrects,
        )
    return _product_file(path.number)


@api.post("/clearances/<number>/addenda", responses={200: products.ProductFile})
def add_result(path: addresses.Key, header: addresses.Once, body: products.ResultAdded) -> Response:  # noqa: ARG001
    """Add the result of a test after the lock, signed."""
    auth.demand_act(Act.QUALITY_ADDED)
    step_up = auth.step_up(password=body.password, code=body.code)
    with this().store.writing() as uow:
        addenda.add_result(
            uow,
            desk(),
            auth.person(),
            step_up,
            path.number,
            subject=body.subject,
            test=body.test,
            result=Result(body.result),
            corrects=body.corrects,
        )
    return _product_file(path.number)


@api.post("/clearances/<number>/clear", responses={200: exchange.Product})
def clear(path: addresses.Key, header: addresses.Once, body: products.Cleared) -> Response:  # noqa: ARG001
    """Clear a product, signed."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    step_up = auth.step_up(password=body.password, code=body.code)
    with this().store.writing() as uow:
        done = clearance.clear(uow, desk(), auth.person(), step_up, path.number, note=body.note)
    return _product(done)


@api.post("/clearances/<number>/fail", responses={200: exchange.Product})
def fail(path: addresses.Key, header: addresses.Once, body: products.Failure) -> Response:  # noqa: ARG001
    """Record that a product can't be used."""
    auth.demand_act(Act.PRODUCT_FAILED)
    with this().store.writing() as uow:
        done = clearance.fail(uow, desk(), auth.person(), path.number, note=body.note)
    return _product(done)


@api.get("/quarantines", responses={200: products.Quarantines})
def quarantines(query: addresses.List) -> Response:
    """Kits in quarantine whose time has not passed."""
    auth.demand_act(Act.QUARANTINE_LIFTED)
    with looking() as seen:
        rows = lifting.listing(seen)
    return listed(products.Quarantines, {"rows": rows}, products.Quarantine, as_csv=query.format == "csv")


@api.post("/quarantines/<number>/lift", responses={200: products.Quarantine})
def lift_quarantine(path: addresses.Key, header: addresses.Once, body: exchange.SignedWhy) -> Response:  # noqa: ARG001
    """Lift the quarantine of a kit, signed."""
    auth.demand_act(Act.QUARANTINE_LIFTED)
    step_up = auth.step_up(password=body.password, code=body.code)
    with this().store.writing() as uow:
        kit = lifting.lift(uow, desk(), auth.person(), step_up, path.number, why=body.why)
    with looking() as seen:
        return answer(text(lifting.shown(seen, kit)))


def _booked(record: PeriodRecord) -> Response:
    with looking() as seen:
        shown = preparation.shown(seen, record)
    return answer(text({name: shown[name] for name in supply.Booked.model_fields if name in shown}))


def _product_file(number: str) -> Response:
    with looking() as seen:
        return answer(text(quality_views.whole(seen, desk(), number)))


def _product(product: Product) -> Response:
    with looking() as seen:
        return answer(text(seen.show(product)))
