//! What auditors ask for first, for a period: on one page that can be printed.

use domain::report::{CONTROLS, Days, Quarter};
use leptos::prelude::*;

use super::report_tables::table;
use crate::address;
use crate::backend::{PeriodReport, PeriodTable, PeriodView, TypedPeriod};
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::held;
use crate::components::number::counted;
use crate::components::select::select;
use crate::desk::{Desk, Page, page};
use crate::error::FieldError;
use crate::frame::Place;
use crate::routes;

/// So many quarters can be picked.
const QUARTERS: usize = 6;

/// The report on a period.
#[component]
pub fn Period() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let typed = typed(&desk);
        let view = desk.backend.reports.period(&desk.caller, &typed).await?;
        let body = match &view.report {
            Ok(report) => shown(&desk, &view, &typed, report),
            Err(faults) => view! {
                {crumb(routes::AUDIT, "Audit")}
                {head("Access report", "Nothing is shown until the period and the scope can be read.", None)}
                {form(&view, &typed, faults)}
            }
            .into_any(),
        };
        Ok(Page::new("Access report", body))
    })
}

fn typed(desk: &Desk) -> TypedPeriod {
    TypedPeriod {
        from: desk.query("from"),
        to: desk.query("to"),
        system: desk.query("system"),
        environment: desk.query("environment"),
        tag: desk.query("tag"),
        sensitivity: desk.query("sensitivity"),
    }
}

fn shown(desk: &Desk, view: &PeriodView, typed: &TypedPeriod, report: &PeriodReport) -> AnyView {
    let filled =
        TypedPeriod { from: report.days.from.to_string(), to: report.days.to.to_string(), ..typed.clone() };
    let scope = report.scope.clone().unwrap_or_else(|| "everything".to_owned());
    let lead = view! {
    {in_words(report.days, desk)} " · " {scope} " · made for " {desk.caller.person.name.clone()} ", "
           {desk.clock().exact(desk.clock().now)}
       };
    let tables = report.tables.iter().map(|one| table(desk, one, report.unread)).collect_view();
    view! {
        {crumb(routes::AUDIT, "Audit")}
        {head("Access report", lead, None)}
        {quarters(desk, typed, report.days)}
        {form(view, &filled, &[])}
        {sums(&report.tables)}
        {section("controls", "What this supports", controls())}
        {tables}
        <p class="quiet ledger-foot">
            "Every count and row is what its query finds in the book. Beside it stands who held what. "
            {held::read_from(report.read_to, report.unread)}
        </p>
    }
    .into_any()
}

/// “1 October to 31 December 2026”.
fn in_words(days: Days, desk: &Desk) -> String {
    let today = desk.clock().now.with_timezone(&desk.caller.time_zone).date_naive();
    let so_far = if days.to > today { ", so far" } else { "" };
    let year = |day: chrono::NaiveDate| day.format("%Y").to_string();
    let from = if year(days.from) == year(days.to) { "%-d %B" } else { "%-d %B %Y" };
    format!("{} to {}{so_far}", days.from.format(from), days.to.format("%-d %B %Y"))
}

fn address_of(typed: &TypedPeriod) -> String {
    let TypedPeriod { from, to, system, environment, tag, sensitivity } = typed;
    address::with_all(
        routes::REPORT,
        &[
            ("from", from),
            ("to", to),
            ("system", system),
            ("environment", environment),
            ("tag", tag),
            ("sensitivity", sensitivity),
        ],
    )
}

fn quarters(desk: &Desk, typed: &TypedPeriod, shown: Days) -> AnyView {
    let today = desk.clock().now.with_timezone(&desk.caller.time_zone).date_naive();
    let links = std::iter::successors(Some(Quarter::of(today)), |quarter| Some(quarter.before()))
        .take(QUARTERS)
        .map(|quarter| {
            let days = quarter.days();
            let picked =
                TypedPeriod { from: days.from.to_string(), to: days.to.to_string(), ..typed.clone() };
            let is_shown = (days == shown).then_some("true");
            view! { <a class="facet" href=address_of(&picked) aria-current=is_shown>{quarter.name()}</a> }
        })
        .collect_view();
    view! { <nav class="report-quarters" aria-label="Quarters">{links}</nav> }.into_any()
}

fn form(view: &PeriodView, typed: &TypedPeriod, faults: &[FieldError]) -> AnyView {
    let error =
        |field: &str| faults.iter().find(|fault| fault.field == field).map(|fault| fault.message.clone());
    let day = |name: &'static str, label: &'static str, value: &str| {
        // A control for dates would swallow what is none.
        let is_date = value.is_empty() || value.parse::<chrono::NaiveDate>().is_ok();
        let kind = if is_date { "date" } else { "text" };
        Field::new(name, label).error(error(name)).input(name, kind, value.to_owned())
    };
    let every = || (String::new(), "Every system".to_owned());
    let systems = std::iter::once(every()).chain(view.systems.iter().cloned()).collect();
    let or_all = |names: &[String], all: &str| -> Vec<(String, String)> {
        let all = std::iter::once((String::new(), all.to_owned()));
        all.chain(names.iter().map(|name| (name.clone(), name.clone()))).collect()
    };
    let environments = or_all(&view.environments, "Every environment");
    let tags = or_all(&view.tags, "With any or none");
    let levels =
        [("", "Any"), ("medium", "Medium and above"), ("high", "High and above"), ("critical", "Critical")];
    let levels = levels.into_iter().map(|(value, words)| (value.to_owned(), words.to_owned())).collect();
    view! {
        <form class="report-form" method="get" action=routes::REPORT>
            {day("from", "From", &typed.from)}
            {day("to", "To", &typed.to)}
            {select(Field::new("system", "System").error(error("system")), "system", &typed.system, systems)}
            {select(Field::new("environment", "Environment").error(error("environment")), "environment", &typed.environment, environments)}
            {select(Field::new("tag", "Tag").error(error("tag")), "tag", &typed.tag, tags)}
            {select(Field::new("sensitivity", "Sensitivity").error(error("sensitivity")), "sensitivity", &typed.sensitivity, levels)}
            <button class="button-quiet bar-go" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

fn sums(tables: &[PeriodTable]) -> AnyView {
    let sums = tables
        .iter()
        .map(|one| {
            let path = format!("#{}", one.table.anchor());
            view! {
                <li class="report-sum">
                    <a href=path>
                        <span class="report-number">{counted(one.total, one.is_more)}</span>
                        <span class="report-words">{one.table.heading()}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="report-sums">{sums}</ul> }.into_any()
}

fn controls() -> AnyView {
    let controls = CONTROLS
        .iter()
        .map(|control| {
            view! {
                <div class="report-control">
                    <dt>{control.name}</dt>
                    <dd>"Shows: " {control.shows}</dd>
                    <dd class="report-not">"Does not show: " {control.shows_not}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="report-controls">{controls}</dl> }.into_any()
}
